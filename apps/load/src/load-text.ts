/** A load in one line, for people. */
import { formatDuration } from '@headgate/config';
import type { Model, Plan } from './plan.ts';

/** `open model, 2000/s (poisson), 30s, 1 worker`. */
export function loadText(plan: Plan): string {
  const { transport } = plan;
  const parts = [modelText(plan.model, plan.loadText), formatDuration(Math.round(plan.durationMs))];
  parts.push(plan.workers === 1 ? '1 worker' : `${plan.workers} workers`);
  if (transport.http2) parts.push('HTTP/2');
  if (transport.isChurning) parts.push('a connection per request');
  if (transport.slowBytesPerS !== undefined)
    parts.push(`${transport.slowBytesPerS} B/s per client`);
  return parts.join(', ');
}

function modelText(model: Model, profile: string): string {
  switch (model.kind) {
    case 'open':
      return `open model, ${profile} per second (${model.spacing})`;
    case 'trace':
      return `open model, ${profile}`;
    case 'users':
      return `closed model, ${profile} users`;
    case 'hold':
      return model.isIdle
        ? `${model.count} idle connections held`
        : `${model.count} requests held in flight`;
  }
}
