/// <reference lib="dom" />
/** What is marked in every chart: saturated seconds, and what somebody changed. */
import type uPlot from 'uplot';
import type { RunData } from './run-data.ts';
import { colorOf } from './theme.ts';

/** Shades the seconds in which the generator was saturated. */
export function drawSaturation(u: uPlot, run: RunData): void {
  const { ctx, bbox } = u;
  ctx.save();
  clip(u);
  ctx.fillStyle = colorOf('shade');
  let from: number | undefined;
  for (let i = 0; i <= run.slices.length; i++) {
    const slice = run.slices[i];
    if (slice?.generator.isSaturated === true) {
      from ??= slice.startMs;
    } else if (from !== undefined) {
      const last = run.slices[i - 1] as RunData['slices'][number];
      const left = u.valToPos(from / 1_000, 'x', true);
      const right = u.valToPos((last.startMs + last.durationMs) / 1_000, 'x', true);
      ctx.fillRect(left, bbox.top, Math.max(right - left, devicePixelRatio), bbox.height);
      from = undefined;
    }
  }
  ctx.restore();
}

/** A vertical line for each change. */
export function drawMarks(u: uPlot, run: RunData): void {
  const { ctx, bbox } = u;
  ctx.save();
  clip(u);
  ctx.strokeStyle = colorOf('mark');
  ctx.fillStyle = colorOf('mark');
  ctx.lineWidth = devicePixelRatio;
  ctx.setLineDash([3 * devicePixelRatio, 3 * devicePixelRatio]);
  const head = 4 * devicePixelRatio;
  for (const mark of run.marks) {
    const x = Math.round(u.valToPos(mark.atS, 'x', true)) + 0.5;
    ctx.beginPath();
    ctx.moveTo(x, bbox.top);
    ctx.lineTo(x, bbox.top + bbox.height);
    ctx.stroke();
    ctx.beginPath();
    ctx.moveTo(x - head, bbox.top);
    ctx.lineTo(x + head, bbox.top);
    ctx.lineTo(x, bbox.top + 1.5 * head);
    ctx.fill();
  }
  ctx.restore();
}

function clip({ ctx, bbox }: uPlot): void {
  ctx.beginPath();
  ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
  ctx.clip();
}
