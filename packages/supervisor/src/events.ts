/** What a supervisor reports of itself, as data and in one line of plain words. */
import type { WorkerExit } from './fork.ts';
import type { DrainReason } from './messages.ts';
import { describeExit } from './worker-process.ts';

export type SupervisorEvent =
  | {
      readonly type: 'worker-started';
      readonly worker: number;
      readonly process: number | undefined;
    }
  | { readonly type: 'worker-ready'; readonly worker: number; readonly tookMs: number }
  /** It could not boot; a next one is started after `retryInMs`, if at all. */
  | {
      readonly type: 'worker-failed';
      readonly worker: number;
      readonly why: string;
      readonly retryInMs?: number;
    }
  /** It ended without being told to; a next one is started after `retryInMs`, if at all. */
  | {
      readonly type: 'worker-died';
      readonly worker: number;
      readonly exit: WorkerExit;
      readonly livedMs: number;
      readonly retryInMs?: number;
    }
  /** It ended as it was told to. */
  | {
      readonly type: 'worker-left';
      readonly worker: number;
      readonly reason: DrainReason;
      readonly exit: WorkerExit;
    }
  | { readonly type: 'worker-draining'; readonly worker: number; readonly reason: DrainReason }
  /** It did not finish its drain in time, and is killed. */
  | { readonly type: 'worker-overstayed'; readonly worker: number; readonly timeoutMs: number }
  /** Its event loop stands still, and it is killed. */
  | { readonly type: 'worker-stuck'; readonly worker: number; readonly silentMs: number }
  | { readonly type: 'recycling'; readonly worker: number; readonly why: string }
  | { readonly type: 'recycling-failed'; readonly worker: number; readonly why: string }
  | { readonly type: 'workers-replaced'; readonly replaced: number }
  | { readonly type: 'replacement-failed'; readonly why: string }
  | { readonly type: 'scaled'; readonly from: number; readonly to: number }
  /** They were handed over, and no worker was there to take them, or none could. */
  | { readonly type: 'connections-closed'; readonly count: number };

const REASONS: Readonly<Record<DrainReason, string>> = {
  stop: 'everything stops',
  replace: 'a successor has taken its place',
  recycle: 'a successor has taken its place',
  'scale-down': 'fewer workers are wanted',
};

/** One line for a log, without a full stop. */
export function describe(event: SupervisorEvent): string {
  switch (event.type) {
    case 'worker-started':
      return `worker ${event.worker} is starting as process ${event.process ?? 'unknown'}`;
    case 'worker-ready':
      return `worker ${event.worker} is ready after ${Math.round(event.tookMs)} ms`;
    case 'worker-failed':
      return `${startsWithWorker(event.worker, event.why)}${retry(event.retryInMs)}`;
    case 'worker-died':
      return `worker ${event.worker} ${describeExit(event.exit)} after ${seconds(event.livedMs)}${retry(event.retryInMs)}`;
    case 'worker-left':
      return `worker ${event.worker} has left${unlessClean(event.exit)}`;
    case 'worker-draining':
      return `worker ${event.worker} drains: ${REASONS[event.reason]}`;
    case 'worker-overstayed':
      return `worker ${event.worker} has not finished draining within ${event.timeoutMs} ms and is killed`;
    case 'worker-stuck':
      return `worker ${event.worker} has not been heard of for ${seconds(event.silentMs)} and is killed`;
    case 'recycling':
      return `worker ${event.worker} is replaced: it ${event.why}`;
    case 'recycling-failed':
      return `worker ${event.worker} stays, as its successor could not start: ${event.why}`;
    case 'workers-replaced':
      return `${event.replaced} ${event.replaced === 1 ? 'worker was' : 'workers were'} replaced`;
    case 'replacement-failed':
      return `the workers were not replaced: ${event.why}`;
    case 'scaled':
      return `${event.to} workers are wanted instead of ${event.from}`;
    case 'connections-closed':
      return `${event.count} connections were closed, as no worker could take them over`;
  }
}

/** The worker's own refusal does not name it. */
function startsWithWorker(worker: number, why: string): string {
  const name = `worker ${worker} `;
  return why.startsWith(name) ? why : `${name}cannot start: ${why}`;
}

function retry(retryInMs: number | undefined): string {
  if (retryInMs === undefined) return '';
  return retryInMs === 0 ? '; another is started' : `; another is started in ${retryInMs} ms`;
}

function unlessClean(exit: WorkerExit): string {
  return exit.code === 0 ? '' : `: it ${describeExit(exit)}`;
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
