/** What has happened in a run so far, told to any number of viewers at the pace of each. */
import type { LiveRun, RunState } from '../live-run.ts';
import type { PageEvent, RunSummary } from './page-event.ts';

/** Seconds that are written at once; an hour of them would be many megabytes in one piece. */
const SLICES_PER_CHUNK = 20;

/** How soon a browser that lost the stream asks for it again, in milliseconds. */
const RETRY = 'retry: 1000\n\n';

export interface Feed {
  /** Everything so far and then all that happens, as server-sent events. */
  view(): ReadableStream<Uint8Array<ArrayBuffer>>;
  /** Ends all views. */
  close(): void;
}

/**
 * Watches a run. Nothing is queued for a viewer: each has a place in what the run keeps anyway, and
 * one that is slow is only further behind.
 */
export function createFeed(run: LiveRun): Feed {
  const slices = [...run.slices];
  const changes: RunState[] = [run.state];
  let state = changes[0] as RunState;
  let stateNumber = 0;
  let isClosed = false;
  const waiting = new Set<() => void>();

  const unwatch = run.watch((event) => {
    if (event.kind === 'slice') slices.push(event.slice);
    if (event.kind === 'state') {
      if (event.state.scale !== state.scale || event.state.status !== state.status) {
        changes.push(event.state);
      }
      state = event.state;
      stateNumber++;
    }
    wake();
  });

  function wake(): void {
    for (const resume of waiting) resume();
    waiting.clear();
  }

  function view(): ReadableStream<Uint8Array<ArrayBuffer>> {
    const encoder = new TextEncoder();
    let changesTold = 0;
    let slicesTold = 0;
    let stateTold = -1;
    let isEndTold = false;
    let isCancelled = false;
    let resume: (() => void) | undefined;

    /** What this viewer does not know yet; a state it was too slow for is left out. */
    function news(): PageEvent[] {
      const events: PageEvent[] = [];
      if (stateTold < 0) events.push({ kind: 'header', header: run.header });
      for (const change of changes.slice(changesTold))
        events.push({ kind: 'state', state: change });
      changesTold = changes.length;
      if (stateTold !== stateNumber && state !== changes.at(-1)) {
        events.push({ kind: 'state', state });
      }
      stateTold = stateNumber;
      const next = slices.slice(slicesTold, slicesTold + SLICES_PER_CHUNK);
      for (const slice of next) events.push({ kind: 'slice', slice });
      slicesTold += next.length;
      if (!isEndTold && run.result !== undefined && slicesTold === slices.length) {
        isEndTold = true;
        const { slices: _, ...result } = run.result;
        events.push({ kind: 'end', result: result satisfies RunSummary });
      }
      return events;
    }

    return new ReadableStream(
      {
        async pull(controller) {
          const isNew = stateTold < 0;
          let events = news();
          while (events.length === 0 && !isClosed && !isCancelled) {
            await new Promise<void>((resolve) => {
              resume = resolve;
              waiting.add(resolve);
            });
            events = news();
          }
          if (isCancelled) return;
          if (events.length > 0) {
            const text = events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
            controller.enqueue(encoder.encode(isNew ? `${RETRY}${text}` : text));
          }
          if (isClosed) controller.close();
        },
        cancel() {
          isCancelled = true;
          if (resume === undefined) return;
          waiting.delete(resume);
          resume();
        },
      },
      // Nothing is made before the socket can take it.
      { highWaterMark: 0 },
    );
  }

  return {
    view,
    close() {
      isClosed = true;
      unwatch();
      wake();
    },
  };
}
