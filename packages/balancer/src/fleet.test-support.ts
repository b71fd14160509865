/** A service in virtual time: origins with workers and a queue, arrivals by the clock. */
import type { Lease } from './lease.ts';
import { createPolicy, type PolicyName } from './policy.ts';
import type { Random } from './random.ts';
import { seededRandom } from './seeded-random.test.ts';
import { createService, type Service } from './service.ts';
import { createUpstream, type Upstream, type UpstreamEvent } from './upstream.ts';

/** How one origin behaves. */
export interface Origin {
  readonly weight?: number;
  readonly zone?: string;
  /** So many requests at once, the rest in order of arrival; default no queue at all. */
  readonly workers?: number;
  /** How long a request begun at `atMs` takes. */
  readonly serviceMs: (atMs: number, random: Random) => number;
  /** Chance that an answer of `atMs` is a failure; default 0. */
  readonly failing?: (atMs: number) => number;
}

/** Requests that come at random, so many per second on average. */
export interface Arrivals {
  readonly perSecond: number;
  readonly untilMs: number;
  readonly fromMs?: number;
  /** Default true. */
  readonly isRepeatable?: boolean;
  /** Takes this long whatever the origin; not queued for a worker. For long polls. */
  readonly holdMs?: number;
}

/** A mean time of service with the spread of an exponential distribution. */
export function exponential(meanMs: number): Origin['serviceMs'] {
  return (_, random) => -meanMs * Math.log(1 - random());
}

/** One of the events told. */
export type Told = UpstreamEvent & { readonly key: string };

/** One service over `origins`, named a, b, c, …; those that find all full wait in order. */
export class Fleet {
  nowMs = 0;
  readonly service: Service;
  readonly upstreams: readonly Upstream[];
  readonly told: Told[] = [];
  /** When each upstream was picked, by key. */
  readonly picked = new Map<string, number[]>();
  /** When each upstream answered well, by key. */
  readonly served = new Map<string, number[]>();
  /** Answers that were failures. */
  failed = 0;
  readonly queue: Arrivals[] = [];
  readonly #origins: ReadonlyMap<Upstream, Origin>;
  readonly #freeMs = new Map<Upstream, number[]>();
  readonly #random: Random;
  readonly #agenda: { readonly atMs: number; readonly run: () => void }[] = [];

  constructor(origins: readonly Origin[], seed: number, policy: PolicyName = 'least-connections') {
    this.#random = seededRandom(seed);
    this.upstreams = origins.map(({ weight = 1, zone }, i) =>
      createUpstream({ key: String.fromCharCode(97 + i), weight, zone }),
    );
    this.#origins = new Map(this.upstreams.map((one, i) => [one, origins[i] as Origin]));
    for (const upstream of this.upstreams) {
      this.picked.set(upstream.key, []);
      this.served.set(upstream.key, []);
      const { workers = 0 } = this.#origins.get(upstream) as Origin;
      this.#freeMs.set(upstream, new Array<number>(workers).fill(0));
    }
    this.service = createService({
      name: 'items',
      policy: createPolicy(policy),
      upstreams: this.upstreams,
      random: seededRandom(seed + 1),
      onEvent: ({ key }, event) => this.told.push({ ...event, key }),
    });
  }

  /** Lets requests come; `run` makes them happen. */
  arrive(arrivals: Arrivals): void {
    const { perSecond, untilMs, fromMs = this.nowMs } = arrivals;
    const next = (afterMs: number) => {
      const atMs = afterMs - (1_000 / perSecond) * Math.log(1 - this.#random());
      if (atMs >= untilMs) return;
      this.at(atMs, () => {
        next(atMs);
        this.queue.push(arrivals);
        this.#place();
      });
    };
    next(fromMs);
  }

  /** Calls `run` at that time. */
  at(atMs: number, run: () => void): void {
    const agenda = this.#agenda;
    let i = agenda.length;
    agenda.push({ atMs, run });
    for (; i > 0; i = (i - 1) >> 1) {
      const parent = agenda[(i - 1) >> 1] as (typeof agenda)[0];
      if (parent.atMs <= atMs) break;
      agenda[i] = parent;
      agenda[(i - 1) >> 1] = { atMs, run };
    }
  }

  /** Lets time pass until then. */
  run(untilMs: number): void {
    while ((this.#agenda[0]?.atMs ?? Number.POSITIVE_INFINITY) <= untilMs) {
      const { atMs, run } = this.#next();
      this.nowMs = atMs;
      run();
    }
    this.nowMs = untilMs;
  }

  /** Picks of `key`, or good answers, from one time to another. */
  count(what: 'picked' | 'served', key: string, fromMs: number, untilMs: number): number {
    const times = this[what].get(key) as number[];
    return times.filter((atMs) => atMs >= fromMs && atMs < untilMs).length;
  }

  /** What was told of that kind, each as its key. */
  toldOf(...whats: readonly UpstreamEvent['what'][]): string[] {
    return this.told.filter(({ what }) => whats.includes(what)).map(({ key }) => key);
  }

  #place(): void {
    for (let first = this.queue[0]; first; first = this.queue[0]) {
      const lease = this.service.acquire({
        nowMs: this.nowMs,
        tried: [],
        isRepeatable: first.isRepeatable ?? true,
        hash: undefined,
        stickTo: undefined,
      });
      if (typeof lease === 'string') return;
      this.queue.shift();
      this.#serve(lease, first.holdMs);
    }
  }

  #serve(lease: Lease, holdMs: number | undefined): void {
    const { upstream } = lease;
    const { serviceMs, failing } = this.#origins.get(upstream) as Origin;
    const freeMs = this.#freeMs.get(upstream) as number[];
    this.picked.get(upstream.key)?.push(this.nowMs);
    const worker = holdMs === undefined ? freeMs.indexOf(Math.min(...freeMs)) : -1;
    const beginMs = Math.max(this.nowMs, freeMs[worker] ?? 0);
    const endMs = beginMs + (holdMs ?? serviceMs(beginMs, this.#random));
    if (worker >= 0) freeMs[worker] = endMs;
    this.at(endMs, () => {
      const isGood = this.#random() >= (failing?.(endMs) ?? 0);
      if (isGood) this.served.get(upstream.key)?.push(endMs);
      else this.failed++;
      lease.answered(isGood, endMs);
      lease.release(isGood ? 'success' : 'failure', endMs);
      this.#place();
    });
  }

  #next(): { readonly atMs: number; readonly run: () => void } {
    const agenda = this.#agenda;
    const first = agenda[0] as (typeof agenda)[0];
    const last = agenda.pop() as (typeof agenda)[0];
    if (agenda.length === 0) return first;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      const left = agenda[child];
      if (!left) break;
      const right = agenda[child + 1];
      if (right && right.atMs < left.atMs) child++;
      const least = agenda[child] as (typeof agenda)[0];
      if (least.atMs >= last.atMs) break;
      agenda[i] = least;
      i = child;
    }
    agenda[i] = last;
    return first;
  }
}
