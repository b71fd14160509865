import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { createQueue, type Priority, QueueEntry, retryAfterSeconds } from './queue.ts';
import { seededRandom } from './seeded-random.test.ts';

const UNKNOWN_RATE = 0;

class Named extends QueueEntry {
  readonly name: string;

  constructor(name: string, priority: Priority = 'normal') {
    super(priority);
    this.name = name;
  }
}

const queueOf = () => createQueue<Named>({ targetMs: 20, burstMs: 50, longestMs: 100 });

/** Serves the next one. */
function take(queue: ReturnType<typeof queueOf>, nowMs: number): Named | undefined {
  const entry = queue.next(nowMs);
  if (entry) queue.remove(entry);
  return entry;
}

/** Offers `count` normal entries at once; returns how many may wait. */
function fill(queue: ReturnType<typeof queueOf>, count: number, nowMs: number, rate: number) {
  let queued = 0;
  for (let i = 0; i < count; i++) {
    if (!queue.offer(new Named(`${nowMs}-${i}`), nowMs, rate)) queued++;
  }
  return queued;
}

describe('queue: who may wait', () => {
  it('a few, when nothing is known of the rate', () => {
    const queue = queueOf();
    assert.equal(fill(queue, 10, 0, UNKNOWN_RATE), 4);
    assert.equal(queue.length, 4);
  });

  it('as many as are served within the time of a burst, when nobody waited before', () => {
    assert.equal(fill(queueOf(), 500, 0, 1_000), 51);
  });

  it('fewer, when upstreams have to catch up first', () => {
    const queue = queueOf();
    assert.equal(queue.offer(new Named('a'), 0, 1_000, 49), undefined);
    for (let i = 0; i < 3; i++) queue.offer(new Named(`${i}`), 0, 1_000, 49);
    const late = new Named('late');
    assert.equal(queue.offer(late, 0, 1_000, 49), late);
  });

  it('as many as are served within the target, when somebody has waited all along', () => {
    const queue = queueOf();
    fill(queue, 1, 0, 1_000);
    fill(queue, 1, 60, 1_000);
    queue.expire(100, () => {});
    assert.equal(queue.length, 1);
    assert.equal(fill(queue, 500, 100, 1_000), 20);
  });

  it('again as many as in a burst, once nobody waited', () => {
    const queue = queueOf();
    fill(queue, 1, 0, 1_000);
    take(queue, 150);
    assert.equal(fill(queue, 500, 150, 1_000), 51);
  });

  it('one of a higher priority instead of the one that would be served last', () => {
    const queue = queueOf();
    const [old, young, low] = [new Named('old'), new Named('young'), new Named('low', 'low')];
    const lowYoung = new Named('low young', 'low');
    for (const [at, entry] of [old, young, low, lowYoung].entries()) {
      assert.equal(queue.offer(entry, at, UNKNOWN_RATE), undefined);
    }
    assert.equal(queue.offer(new Named('h1', 'high'), 5, UNKNOWN_RATE), lowYoung);
    assert.equal(queue.offer(new Named('n1'), 5, UNKNOWN_RATE), low);
    const refused = new Named('n2');
    assert.equal(queue.offer(refused, 5, UNKNOWN_RATE), refused);
    assert.equal(refused.isQueued, false);
    // The oldest normal one has waited for longer than a burst may: it would be served last now.
    assert.equal(queue.offer(new Named('h2', 'high'), 60, UNKNOWN_RATE), old);
    assert.equal(queue.length, 4);
  });
});

describe('queue: who is served next', () => {
  it('the highest priority first, and the oldest of it', () => {
    const queue = queueOf();
    for (const priority of ['low', 'normal', 'high'] as const) {
      queue.offer(new Named(`${priority} 1`, priority), 0, 1_000);
      queue.offer(new Named(`${priority} 2`, priority), 1, 1_000);
    }
    const order = Array.from({ length: 7 }, () => take(queue, 2)?.name);
    assert.deepEqual(order, [
      'high 1',
      'high 2',
      'normal 1',
      'normal 2',
      'low 1',
      'low 2',
      undefined,
    ]);
  });

  it('the newest while the oldest has waited for longer than is tolerated in a burst', () => {
    const queue = queueOf();
    for (const at of [0, 10, 60]) queue.offer(new Named(`from ${at}`), at, 1_000);
    assert.equal(take(queue, 20)?.name, 'from 0');
    assert.equal(take(queue, 61)?.name, 'from 60');
    assert.equal(take(queue, 61)?.name, 'from 10');
  });
});

describe('queue: who is given up', () => {
  it('those who have waited for the time of a burst, when it says so and not before', () => {
    const queue = queueOf();
    assert.equal(queue.nextExpiryMs, Number.POSITIVE_INFINITY);
    queue.offer(new Named('a'), 5.3, 1_000);
    queue.offer(new Named('b', 'high'), 10, 1_000);
    queue.offer(new Named('c'), 50, 1_000);
    const shed: string[] = [];
    const expire = (nowMs: number) => queue.expire(nowMs, ({ name }) => shed.push(name));
    assert.equal(queue.nextExpiryMs, 105.3);
    expire(105.2);
    assert.deepEqual(shed, []);
    expire(queue.nextExpiryMs);
    assert.deepEqual(shed, ['a']);
    expire(200);
    assert.deepEqual(shed, ['a', 'b', 'c']);
    assert.equal(queue.length, 0);
  });

  it('those whose client left, once', () => {
    const queue = queueOf();
    const entries = ['a', 'b', 'c'].map((name) => new Named(name));
    for (const entry of entries) queue.offer(entry, 0, 1_000);
    const middle = entries[1] as Named;
    queue.remove(middle);
    queue.remove(middle);
    assert.equal(queue.length, 2);
    assert.deepEqual([take(queue, 1)?.name, take(queue, 1)?.name], ['a', 'c']);
    queue.remove(entries[0] as Named);
    assert.equal(queue.length, 0);
  });
});

type Action =
  | { kind: 'offer'; priority: Priority; rate: number }
  | { kind: 'take' }
  | { kind: 'expire' }
  | { kind: 'remove'; which: number };

const action: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('offer' as const),
      priority: fc.constantFrom<Priority>('high', 'normal', 'low'),
      rate: fc.constantFrom(0, 10, 300),
    }),
  },
  fc.constantFrom<Action>({ kind: 'take' }, { kind: 'expire' }),
  fc.record({ kind: fc.constant('remove' as const), which: fc.nat() }),
);
const rank = { high: 0, normal: 1, low: 2 };

it('property: everybody who waits leaves once, in the order a plain list says', () => {
  const steps = fc.array(fc.tuple(fc.nat(60), action), { maxLength: 150, size: 'max' });
  fc.assert(
    fc.property(steps, (script) => {
      const queue = queueOf();
      let model: Named[] = [];
      let nowMs = 0;
      let emptyMs = 0;
      const drop = (gone: Named) => {
        assert.ok(model.includes(gone), `${gone.name} waited`);
        assert.equal(gone.isQueued, false);
        model = model.filter((one) => one !== gone);
      };
      /** The line of one priority, in the order it is served at present. */
      const line = (priority: Priority) => {
        const byAge = model.filter((one) => one.priority === priority);
        const oldest = byAge[0];
        return oldest && nowMs - oldest.enqueuedMs > 50 ? byAge.reverse() : byAge;
      };
      const served = () => [...line('high'), ...line('normal'), ...line('low')];

      for (const [index, [passedMs, step]] of script.entries()) {
        nowMs += passedMs;
        if (step.kind === 'offer') {
          if (model.length === 0) emptyMs = nowMs;
          const budgetMs = nowMs - emptyMs < 50 ? 50 : 20;
          const isTooLong = model.length >= 4 && model.length / step.rate > budgetMs / 1_000;
          const last = served().at(-1);
          const entry = new Named(`${index}`, step.priority);
          const refused = queue.offer(entry, nowMs, step.rate);
          if (!isTooLong) assert.equal(refused, undefined);
          else if (last && rank[last.priority] > rank[step.priority]) assert.equal(refused, last);
          else assert.equal(refused, entry);
          if (refused && refused !== entry) drop(refused);
          if (refused !== entry) model.push(entry);
        } else if (step.kind === 'take') {
          const [first] = served();
          assert.equal(queue.next(nowMs), first);
          assert.equal(queue.length, model.length);
          assert.equal(take(queue, nowMs), first);
          if (first) drop(first);
        } else if (step.kind === 'expire') {
          queue.expire(nowMs, drop);
          assert.ok(model.every((one) => nowMs - one.enqueuedMs < 100));
        } else {
          const one = model[step.which % model.length];
          if (one) {
            queue.remove(one);
            drop(one);
          }
        }
        assert.equal(queue.length, model.length);
        const oldestMs = Math.min(...model.map((one) => one.enqueuedMs));
        assert.equal(queue.nextExpiryMs, oldestMs + 100);
        assert.ok(model.every((one) => one.isQueued));
      }
    }),
  );
});

it('three times more than can be served: nearly all capacity is used, and whoever is served is in time', () => {
  const random = seededRandom(3);
  const queue = queueOf();
  const servedPerMs = 0.8;
  const waits: number[] = [];
  let credit = 0;
  let served = 0;
  for (let nowMs = 0; nowMs < 10_000; nowMs++) {
    for (let i = 0; i < 8; i++) {
      if (random() < (3 * servedPerMs) / 8) queue.offer(new Named(''), nowMs, 800);
    }
    for (credit += servedPerMs; credit >= 1; credit--) {
      const entry = take(queue, nowMs);
      if (!entry) continue;
      served++;
      waits.push(nowMs - entry.enqueuedMs);
    }
    queue.expire(nowMs, () => {});
  }
  waits.sort((a, b) => a - b);
  assert.ok(served > 0.98 * 10_000 * servedPerMs, `${served} served`);
  assert.ok((waits[Math.floor(waits.length * 0.99)] as number) <= 30, 'p99 of the wait');
  assert.ok((waits.at(-1) as number) <= 100);
});

describe('retryAfterSeconds', () => {
  it('is at least what the queue takes, at most twice that and a second', () => {
    assert.equal(
      retryAfterSeconds(0, 0, () => 0),
      1,
    );
    assert.equal(
      retryAfterSeconds(25, 10, () => 0),
      3,
    );
    assert.equal(
      retryAfterSeconds(25, 10, () => 0.999),
      6,
    );
  });

  it('property: is a whole number from 1 to 30, and not the same for all', () => {
    fc.assert(
      fc.property(
        fc.nat(),
        fc.double({ min: 0, noNaN: true }),
        fc.integer(),
        (length, rate, seed) => {
          const random = seededRandom(seed);
          const told = Array.from({ length: 60 }, () => retryAfterSeconds(length, rate, random));
          assert.ok(told.every((one) => Number.isInteger(one) && one >= 1 && one <= 30));
          assert.ok(new Set(told).size > 1);
        },
      ),
    );
  });
});
