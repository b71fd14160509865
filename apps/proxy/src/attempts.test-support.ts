/** Requests whose attempts go on until the test ends them, and the time they take. */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import type { AttemptListener, AttemptOrder, Cancellable } from './carrier.ts';
import type { ProxyConfigInput } from './config.ts';
import { type FailureKind, failure, type Outcome } from './errors.ts';
import type { RequestBody } from './exchange.ts';
import { fieldsOf } from './fields.test-support.ts';
import {
  type Asked,
  type Bench,
  createBench,
  failed,
  headOf,
  TestCarrier,
  UPSTREAMS,
} from './proxy.test-support.ts';
import { serve } from './proxy.ts';
import type { ServiceRuntime } from './snapshot.ts';

/** One attempt, ended by the test. */
class PendingAttempt implements Cancellable {
  readonly order: AttemptOrder;
  cancelled: FailureKind | undefined;
  /** Whether its answer was taken; undefined before it began. */
  isTaken: boolean | undefined;
  readonly #listener: AttemptListener;
  #isSettled = false;

  constructor(order: AttemptOrder, listener: AttemptListener) {
    this.order = order;
    this.#listener = listener;
  }

  get upstream(): string {
    return this.order.upstream.upstream.key;
  }

  get isOver(): boolean {
    return this.#isSettled;
  }

  /** The head of an answer; an attempt whose answer is not wanted ends with it. */
  begin(status = 200, load?: string): void {
    const fields = load === undefined ? undefined : fieldsOf(`headgate-load: ${load}`);
    this.isTaken = this.#listener.answered(status, fields);
    if (!this.isTaken) this.fail('upstream-status', true);
  }

  /** A whole answer. */
  answer(status = 200, load?: string): void {
    this.begin(status, load);
    if (this.isTaken) this.#settle({ kind: 'answered', status });
  }

  fail(kind: FailureKind, wasAnythingSent = kind !== 'connect-failed'): void {
    this.#settle(failed(kind, { wasAnythingSent }));
  }

  cancel(kind: FailureKind, detail: string): void {
    if (this.#isSettled) return;
    this.cancelled = kind;
    const hasResponseStarted = this.isTaken === true;
    this.#settle({ ...failure(kind, detail), hasResponseStarted, wasAnythingSent: true });
  }

  #settle(outcome: Outcome): void {
    assert.equal(this.#isSettled, false, 'settled twice');
    this.#isSettled = true;
    this.#listener.settled(outcome);
  }
}

/** One request that is being served. */
interface PendingRequest {
  readonly carrier: TestCarrier;
  /** Oldest first. */
  readonly attempts: readonly PendingAttempt[];
  /** The newest. */
  last(): PendingAttempt;
}

export interface PendingBench extends Bench {
  readonly service: ServiceRuntime;
  open(asked?: Asked, body?: RequestBody): PendingRequest;
  /** Lets time pass for all timers. */
  pass(ms: number): void;
  /** Nothing is in flight, and nobody waits. */
  assertIdle(): void;
}

/** As `createBench`, where requests go to the service `items`. */
export function createPendingBench(
  t: TestContext,
  settings: Partial<ProxyConfigInput> = {},
): PendingBench {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const bench = createBench(t, settings);
  const service = bench.edge.snapshot().services.get('items') as ServiceRuntime;
  return {
    ...bench,
    service,
    open(asked = {}, body) {
      const attempts: PendingAttempt[] = [];
      const carrier = new TestCarrier(asked, body, (order, listener) => {
        const attempt = new PendingAttempt(order, listener);
        attempts.push(attempt);
        return attempt;
      });
      serve(bench.edge, headOf(asked), carrier);
      const last = () => {
        const attempt = attempts.at(-1);
        assert.ok(attempt, 'there is no attempt');
        return attempt;
      };
      return { carrier, attempts, last };
    },
    pass(ms) {
      for (let passedMs = 0; passedMs < ms; passedMs += 5) {
        const stepMs = Math.min(5, ms - passedMs);
        bench.clock.pass(stepMs);
        t.mock.timers.tick(stepMs);
      }
    },
    assertIdle() {
      assert.equal(service.admission.length, 0);
      assert.equal(service.balancer.inFlight, 0);
      for (const upstream of service.balancer.upstreams) {
        assert.deepEqual([upstream.inFlight, upstream.waiting], [0, 0], upstream.key);
      }
      assert.equal(bench.edge.inFlight, 0);
    },
  };
}

type ServiceInput = Partial<ProxyConfigInput['services'][string]>;
type RouteInput = Partial<ProxyConfigInput['routes'][number]>;

/** Three upstreams in turn behind one route. */
export function createItemsBench(
  t: TestContext,
  service: ServiceInput = {},
  route: RouteInput = {},
): PendingBench {
  return createPendingBench(t, {
    services: {
      items: { upstreams: UPSTREAMS.map((url) => ({ url })), policy: 'round-robin', ...service },
    },
    routes: [{ service: 'items', ...route }],
  });
}

/** A body that nobody takes. */
export const heldBody: RequestBody = {
  isStarted: false,
  pourInto() {},
  abandon() {},
  pause() {},
  resume() {},
};
