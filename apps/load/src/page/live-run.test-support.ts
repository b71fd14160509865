/** A run that does what a test says, and remembers what it was asked. */
import type { Control, LiveRun, RunEvent, RunHeader, RunState } from '../live-run.ts';
import type { RunResult, Slice } from '../result.ts';

export interface FakeRun extends LiveRun {
  /** What it was asked to do, in order. */
  readonly controls: readonly Control[];
  /** How many watch it. */
  readonly watchers: number;
  /** What the next control throws. */
  refusal: string | undefined;
  addSlice(slice: Slice): void;
  change(state: Partial<RunState>): void;
  end(result: RunResult): void;
}

export function fakeRun(header: Partial<RunHeader> = {}, slices: readonly Slice[] = []): FakeRun {
  const listeners = new Set<(event: RunEvent) => void>();
  const controls: Control[] = [];
  const known = [...slices];
  let state: RunState = {
    status: 'running',
    elapsedMs: slices.length * 1_000,
    level: 2_000,
    scale: 1,
  };
  let result: RunResult | undefined;
  let refusal: string | undefined;
  const tell = (event: RunEvent) => {
    for (const listener of listeners) listener(event);
  };
  return {
    header: {
      name: 'checkout.ts',
      load: 'open model, 2000/s (poisson), 2m, 2 workers',
      target: 'http://127.0.0.1:8080',
      seed: 4_182,
      startedAt: '2026-03-14T09:26:53.000Z',
      durationMs: 120_000,
      machine: '16 × AMD Ryzen 9 7950X, 62 GiB, Linux 6.8, Node 26.10.0',
      flows: ['browse', 'search', 'checkout'],
      unit: 'per second',
      canScale: true,
      ...header,
    },
    controls,
    get watchers() {
      return listeners.size;
    },
    get refusal() {
      return refusal;
    },
    set refusal(text) {
      refusal = text;
    },
    get state() {
      return state;
    },
    get slices() {
      return known;
    },
    get result() {
      return result;
    },
    watch(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    control(control) {
      if (refusal !== undefined) throw new TypeError(refusal);
      controls.push(control);
    },
    addSlice(slice) {
      known.push(slice);
      tell({ kind: 'slice', slice });
      this.change({ elapsedMs: slice.startMs + slice.durationMs });
    },
    change(change) {
      state = { ...state, ...change };
      tell({ kind: 'state', state });
    },
    end(ended) {
      result = ended;
      this.change({ status: 'ended' });
      tell({ kind: 'end', result: ended });
    },
  };
}
