/** One simulated proxy: the balancer's modules, wired the way the real one wires them. */
import {
  createHedging,
  createQueue,
  createRetryBudget,
  createService,
  createUpstream,
  type Hedging,
  hash32,
  type Lease,
  type Policy,
  type Queue,
  type Random,
  type RetryBudget,
  type Service,
  type Upstream,
  type UpstreamEvent,
} from '@headgate/balancer';
import type { Engine, Scheduled } from './engine.ts';
import { Exchange, type Leg, type Outcome } from './exchange.ts';
import type { Draw } from './load.ts';
import type { Answer, Origin } from './origin.ts';

/** How the proxy is set up. */
export interface EdgeSettings {
  /** Further attempts after a failed one; default 2. */
  readonly retries?: number;
  /** An error answer is a failed attempt; otherwise only a refused connection is. Default yes. */
  readonly retriesErrors?: boolean;
  /** Requests may be made again; default yes. */
  readonly isRepeatable?: boolean;
  /** Late requests are sent a second time; default no. */
  readonly isHedging?: boolean;
  /** How late, in milliseconds; default what is found from the latencies. */
  readonly hedgeDelayMs?: number | undefined;
  /** Most requests in flight at once; default no limit. */
  readonly maxInFlight?: number | undefined;
  /** Origins say how much they have in flight, as in a fleet; default no. */
  readonly hasLoadReports?: boolean;
  readonly zone?: string | undefined;
  /** Learns nothing from answers and never queues: plain least connections, to compare with. */
  readonly isPlain?: boolean;
}

/** Input of `Edge`. */
export interface EdgeOptions {
  readonly engine: Engine;
  readonly origins: readonly Origin[];
  readonly policy: Policy;
  readonly settings: EdgeSettings;
  readonly random: Random;
  readonly drawOf: (index: number) => Draw;
  readonly onPick: (upstream: Upstream) => void;
  readonly onEvent: (upstream: Upstream, event: UpstreamEvent) => void;
}

/** A proxy in front of origins. */
export class Edge {
  /** Requests sent to origins, and those of them that were hedges. */
  attempts = 0;
  hedges = 0;
  readonly service: Service;
  readonly #options: EdgeOptions;
  readonly #engine: Engine;
  readonly #origins: ReadonlyMap<string, Origin>;
  readonly #queue: Queue<Exchange> = createQueue<Exchange>();
  readonly #retryBudget: RetryBudget = createRetryBudget();
  readonly #hedging: Hedging | undefined;
  #expiry: Scheduled | undefined;

  constructor(options: EdgeOptions) {
    const { origins, policy, random, settings, onEvent } = options;
    this.#options = options;
    this.#engine = options.engine;
    this.#origins = new Map(origins.map((origin) => [origin.plan.key, origin]));
    this.#hedging = settings.isHedging ? createHedging() : undefined;
    this.service = createService({
      name: 'simulated',
      policy,
      upstreams: origins.map(({ plan: { key, weight, zone, maxInFlight } }) =>
        createUpstream({ key, weight, zone, maxInFlight }),
      ),
      random,
      maxInFlight: settings.maxInFlight,
      zone: settings.zone,
      onEvent,
    });
  }

  /** Takes a client's request; `over` is told once how it ended. */
  accept(firstDraw: number, over: (outcome: Outcome) => void): Exchange {
    const exchange = new Exchange(firstDraw, this.#engine.nowMs, over);
    this.#place(exchange);
    return exchange;
  }

  /** The client has left. */
  abandon(exchange: Exchange): void {
    if (exchange.isOver) return;
    this.#queue.remove(exchange);
    if (exchange.legs.length > 0)
      this.#hedging?.record(this.#waitedMs(exchange), this.#engine.nowMs);
    this.#end(exchange, 'abandoned');
    this.#drain();
  }

  #place(exchange: Exchange): void {
    const { nowMs } = this.#engine;
    const lease = this.#acquire(exchange);
    if (lease === 'none') {
      this.#end(exchange, exchange.attempts === 0 ? 'shed' : 'error');
    } else if (lease === 'full') {
      const refused = this.#queue.offer(
        exchange,
        nowMs,
        this.service.ratePerSecond,
        this.service.excess,
      );
      if (refused) this.#end(refused, 'shed');
      this.#setExpiry();
    } else {
      this.#attempt(exchange, lease);
    }
  }

  #acquire({ tried, firstDraw }: Exchange): Lease | 'full' | 'none' {
    return this.service.acquire({
      nowMs: this.#engine.nowMs,
      tried,
      isRepeatable: this.#isRepeatable,
      // Every request is another client's.
      hash: hash32(String(firstDraw)),
      stickTo: undefined,
    });
  }

  get #isRepeatable(): boolean {
    return this.#options.settings.isRepeatable ?? true;
  }

  #attempt(exchange: Exchange, lease: Lease): void {
    const { upstream } = lease;
    const { nowMs } = this.#engine;
    const leg: Leg = { lease, isFirst: exchange.attempts === 0 };
    const { workMs, chance } = this.#options.drawOf(exchange.firstDraw + exchange.attempts);
    exchange.attempts++;
    exchange.tried.push(upstream);
    exchange.legs.push(leg);
    this.attempts++;
    this.#options.onPick(upstream);
    if (leg.isFirst) {
      exchange.firstSentMs = nowMs;
      this.#hedging?.deposit();
      this.#planHedge(exchange);
    }
    const origin = this.#origins.get(upstream.key) as Origin;
    origin.serve(workMs, chance, (answer) => this.#answered(exchange, leg, answer, origin));
  }

  #planHedge(exchange: Exchange): void {
    const { nowMs } = this.#engine;
    if (!this.#hedging || !this.#isRepeatable) return;
    const delayMs = this.#options.settings.hedgeDelayMs ?? this.#hedging.delayMs(nowMs);
    if (delayMs === undefined) return;
    exchange.hedge = this.#engine.at(nowMs + delayMs, () => this.#hedge(exchange));
  }

  #hedge(exchange: Exchange): void {
    // One that is being tried again, or waits to be, needs no second request besides.
    if (exchange.attempts > 1 || exchange.legs.length === 0) return;
    const isBusy = this.#queue.length > 0;
    if (!this.#hedging?.mayHedge(isBusy)) return;
    const lease = this.#acquire(exchange);
    if (typeof lease === 'string') return;
    this.hedges++;
    this.#attempt(exchange, lease);
  }

  #answered(exchange: Exchange, leg: Leg, answer: Answer, origin: Origin): void {
    const { lease } = leg;
    if (lease.isReleased) return;
    const { nowMs } = this.#engine;
    const { settings } = this.#options;
    const isGood = answer === 'good';
    const isToldGood = isGood || settings.isPlain === true;
    if (settings.hasLoadReports && answer !== 'refused') {
      this.service.reported(lease.upstream, origin.inFlight, nowMs);
    }
    if (answer !== 'refused') lease.answered(isToldGood, nowMs);
    lease.release(isToldGood ? 'success' : 'failure', nowMs);
    exchange.legs.splice(exchange.legs.indexOf(leg), 1);
    if (isGood) {
      this.#hedging?.record(this.#waitedMs(exchange), nowMs);
      this.#retryBudget.deposit();
      this.#end(exchange, 'good');
    } else if (exchange.legs.length === 0) {
      if (this.#mayRetry(exchange, leg, answer)) this.#place(exchange);
      else this.#end(exchange, 'error');
    }
    this.#drain();
  }

  #mayRetry(exchange: Exchange, { lease }: Leg, answer: Answer): boolean {
    const { retries = 2, retriesErrors = true } = this.#options.settings;
    if (!this.#isRepeatable && answer !== 'refused') return false;
    // It was the edge that risked the request.
    if (lease.isTrial) return true;
    if (answer === 'refused') return exchange.attempts <= this.#origins.size;
    return retriesErrors && exchange.attempts <= retries && this.#retryBudget.withdraw();
  }

  #end(exchange: Exchange, outcome: Outcome): void {
    const { nowMs } = this.#engine;
    exchange.isOver = true;
    if (exchange.hedge) exchange.hedge.run = undefined;
    if (exchange.deadline) exchange.deadline.run = undefined;
    for (const { lease } of exchange.legs) lease.release('ignored', nowMs);
    exchange.over(outcome);
  }

  #waitedMs(exchange: Exchange): number {
    return this.#engine.nowMs - exchange.firstSentMs;
  }

  /** Somebody may have become free. */
  #drain(): void {
    for (;;) {
      const next = this.#queue.next(this.#engine.nowMs);
      if (!next) break;
      const lease = this.#acquire(next);
      if (lease === 'full') break;
      this.#queue.remove(next);
      if (lease === 'none') this.#end(next, 'shed');
      else this.#attempt(next, lease);
    }
    this.#setExpiry();
  }

  #setExpiry(): void {
    const { nextExpiryMs } = this.#queue;
    if (this.#expiry?.run && this.#expiry.timeMs <= nextExpiryMs) return;
    if (nextExpiryMs === Number.POSITIVE_INFINITY) return;
    if (this.#expiry) this.#expiry.run = undefined;
    const expiry = this.#engine.at(nextExpiryMs, () => {
      expiry.run = undefined;
      this.#queue.expire(this.#engine.nowMs, (exchange) => this.#end(exchange, 'shed'));
      // A limit may have been lifted with the passing of time alone.
      this.#drain();
    });
    this.#expiry = expiry;
  }
}
