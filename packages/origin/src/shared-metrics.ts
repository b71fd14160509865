// Owns the numbers of all workers together, of those that have left as well.
import type { WorkerAnswer } from '@headgate/supervisor';
import { createRegistry, MergedMetrics, type MetricFamily } from '@headgate/telemetry';
import type { CountsQuestion } from './worker-subjects.ts';

/** Where the numbers come from. */
export interface SharedMetricsDeps {
  /** Asks every worker that is ready. */
  ask(question: CountsQuestion): Promise<readonly WorkerAnswer[]>;
  /** How many workers there are in each state. */
  workers(): ReadonlyMap<string, number>;
}

/** Lives as long as the supervisor. */
export class SharedMetrics {
  readonly #deps: SharedMetricsDeps;
  readonly #merged = new MergedMetrics();
  readonly #own = createRegistry();

  constructor(deps: SharedMetricsDeps) {
    this.#deps = deps;
    this.#own.gauge({
      name: 'origin_workers',
      help: 'Workers there are, by state.',
      labelNames: ['state'],
      collect(gauge) {
        gauge.clear();
        for (const [state, count] of deps.workers()) gauge.labels(state).set(count);
      },
    });
  }

  /** Everything, as of now. */
  async scrape(): Promise<readonly MetricFamily[]> {
    await this.#ask({ isForScrape: true });
    return this.#merged.families(this.#own.read());
  }

  /** Learns what workers have counted, in case one dies before it can say so. */
  poll(): Promise<void> {
    return this.#ask({ isForScrape: false });
  }

  /** What `worker` has counted up to its end. */
  counted(worker: number, families: readonly MetricFamily[]): void {
    this.#merged.answered(worker, families);
  }

  /** `worker` has gone; what it counted stays counted. */
  left(worker: number): void {
    this.#merged.left(worker);
  }

  async #ask(question: CountsQuestion): Promise<void> {
    for (const answer of await this.#deps.ask(question)) {
      if (answer.ok) this.#merged.answered(answer.worker, answer.body as readonly MetricFamily[]);
    }
  }
}
