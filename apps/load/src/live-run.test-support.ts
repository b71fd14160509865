import type { LiveRun, RunEvent, RunHeader, RunState } from './live-run.ts';
import type { RunResult, Slice } from './result.ts';

/** A run that does what the test says. */
export class FakeRun implements LiveRun {
  readonly header: RunHeader;
  readonly slices: Slice[] = [];
  readonly watchers = new Set<(event: RunEvent) => void>();
  state: RunState = { status: 'running', elapsedMs: 0, level: 100, scale: 1 };
  result: RunResult | undefined;

  constructor(header: Partial<RunHeader> = {}) {
    this.header = {
      name: 'scenarios/items.ts',
      load: 'open model, 100 per second (poisson), 30s, 1 worker',
      target: 'http://127.0.0.1:8080',
      seed: 1,
      startedAt: '2026-11-21T12:00:00.000Z',
      durationMs: 30_000,
      machine: '2 cores',
      flows: ['items'],
      unit: 'per second',
      canScale: true,
      ...header,
    };
  }

  watch(listener: (event: RunEvent) => void): () => void {
    this.watchers.add(listener);
    return () => this.watchers.delete(listener);
  }

  control(): void {}

  add(slice: Slice): void {
    this.slices.push(slice);
    this.state = { ...this.state, elapsedMs: slice.startMs + slice.durationMs };
    this.#tell({ kind: 'slice', slice });
  }

  change(state: Partial<RunState>): void {
    this.state = { ...this.state, ...state };
    this.#tell({ kind: 'state', state: this.state });
  }

  end(result: RunResult): void {
    this.result = result;
    this.#tell({ kind: 'end', result });
  }

  #tell(event: RunEvent): void {
    for (const watcher of this.watchers) watcher(event);
  }
}
