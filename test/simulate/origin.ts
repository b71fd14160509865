/** A simulated origin: workers, one queue in front of them, and what goes wrong when. */
import type { Engine } from './engine.ts';

/** What is wrong with an origin from `fromMs` until `toMs`. */
export type Fault = { readonly fromMs: number; readonly toMs: number } & (
  | { readonly kind: 'slow'; readonly factor: number }
  /** Answers this share of its requests with an error at once, without a worker. */
  | { readonly kind: 'failing'; readonly share: number }
  /** Works on nothing; nothing is lost. */
  | { readonly kind: 'paused' }
  /** Refuses connections; what it has it finishes. */
  | { readonly kind: 'down' }
);

/** One origin of a scenario. */
export interface OriginPlan {
  readonly key: string;
  readonly workers: number;
  readonly weight: number;
  readonly maxInFlight?: number | undefined;
  /** Zone, and how long a request and its answer are under way together, in milliseconds. */
  readonly zone?: string | undefined;
  readonly networkMs?: number | undefined;
  readonly faults: readonly Fault[];
}

/** How a request fared at an origin. */
export type Answer = 'good' | 'error' | 'refused';

/** How long an error or a refusal takes, in milliseconds. */
const QUICK_ANSWER_MS = 1;

interface Job {
  readonly workMs: number;
  readonly answer: (answer: Answer) => void;
}

/** First come, first served by `workers`. What nobody waits for any more is worked on all the same. */
export class Origin {
  readonly plan: OriginPlan;
  /** Requests it has: working, queued, or being refused. */
  inFlight = 0;
  readonly #engine: Engine;
  readonly #pauses: readonly Fault[];
  #queue: Job[] = [];
  #head = 0;
  #busy = 0;

  constructor(engine: Engine, plan: OriginPlan) {
    this.#engine = engine;
    this.plan = plan;
    this.#pauses = plan.faults
      .filter(({ kind }) => kind === 'paused')
      .sort((a, b) => a.fromMs - b.fromMs);
  }

  /** Takes a request of `workMs`; `chance` in [0, 1) decides whether it is one of those that fail. */
  serve(workMs: number, chance: number, answer: (answer: Answer) => void): void {
    const { networkMs = 0 } = this.plan;
    if (networkMs === 0) this.#arrived(workMs, chance, answer);
    else {
      const back = (how: Answer) =>
        this.#engine.at(this.#engine.nowMs + networkMs / 2, () => answer(how));
      this.#engine.at(this.#engine.nowMs + networkMs / 2, () =>
        this.#arrived(workMs, chance, back),
      );
    }
  }

  #arrived(workMs: number, chance: number, answer: (answer: Answer) => void): void {
    this.inFlight++;
    const quick = this.#quickAnswer(chance);
    if (quick) {
      this.#engine.at(this.#engine.nowMs + QUICK_ANSWER_MS, () => this.#leave(answer, quick));
      return;
    }
    this.#queue.push({ workMs, answer });
    this.#startNext();
  }

  #quickAnswer(chance: number): Answer | undefined {
    const now = this.#engine.nowMs;
    for (const fault of this.plan.faults) {
      if (now < fault.fromMs || now >= fault.toMs) continue;
      if (fault.kind === 'down') return 'refused';
      if (fault.kind === 'failing' && chance < fault.share) return 'error';
    }
    return undefined;
  }

  #startNext(): void {
    if (this.#busy >= this.plan.workers) return;
    const job = this.#queue[this.#head];
    if (!job) return;
    this.#head++;
    if (this.#head > 1_000 && this.#head * 2 > this.#queue.length) {
      this.#queue = this.#queue.slice(this.#head);
      this.#head = 0;
    }
    this.#busy++;
    this.#engine.at(this.#endMs(job.workMs * this.#slowness()), () => {
      this.#busy--;
      this.#leave(job.answer, 'good');
      this.#startNext();
    });
  }

  #leave(answer: (answer: Answer) => void, how: Answer): void {
    this.inFlight--;
    answer(how);
  }

  #slowness(): number {
    const now = this.#engine.nowMs;
    let factor = 1;
    for (const fault of this.plan.faults) {
      if (fault.kind === 'slow' && now >= fault.fromMs && now < fault.toMs) factor *= fault.factor;
    }
    return factor;
  }

  /** When work that begins now ends, pauses left out. */
  #endMs(workMs: number): number {
    let fromMs = this.#engine.nowMs;
    let leftMs = workMs;
    for (const pause of this.#pauses) {
      if (pause.toMs <= fromMs) continue;
      if (pause.fromMs >= fromMs + leftMs) break;
      leftMs -= Math.max(0, pause.fromMs - fromMs);
      fromMs = pause.toMs;
    }
    return fromMs + leftMs;
  }
}
