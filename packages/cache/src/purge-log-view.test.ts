// What a process may serve, checked against a model in which everybody's work and purges have a time.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Purge } from './purge-index.ts';
import type { LogEntry, Stamp } from './purge-log-entry.ts';
import { createPurgeLogView, type OwnPurge } from './purge-log-view.ts';

const PROCESSES = 3;

interface Made {
  readonly key: string;
  readonly tags: readonly string[];
  readonly beganAt: number;
  /** Until when its maker knew all purges when the work began. */
  readonly knewUntil: number;
  readonly stamp: Stamp;
}

/** A purge as it really happened. */
interface Fact {
  readonly purge: Purge;
  readonly at: number;
  /** When it was written; never, so far: Infinity. */
  loggedAt: number;
  readonly by: string;
}

/** The log in Redis, as the scripts keep it. */
class Log {
  epoch = 'e0';
  entries: LogEntry[] = [{ position: 100, by: 'e0', purge: { kind: 'all' } }];
  last = 100;

  append(purge: Purge, by: string): Stamp {
    this.last += 1;
    this.entries.push({ position: this.last, by, purge });
    return { epoch: this.epoch, position: this.last };
  }

  begin(after = this.last) {
    this.epoch = `e${Number(this.epoch.slice(1)) + 1}`;
    this.last = Math.max(this.last, after) + 1_000;
    this.entries = [{ position: this.last, by: this.epoch, purge: { kind: 'all' } }];
  }

  join(known: (Stamp & { by: string }) | undefined): Stamp {
    if (known?.epoch === this.epoch) {
      const there = this.entries.find(({ position }) => position === known.position);
      const isForked = this.last < known.position || (there && there.by !== known.by);
      if (isForked) this.begin(known.position);
    }
    return { epoch: this.epoch, position: this.last };
  }
}

/** One process: a view, whether it is in step, and what it has been told. */
class Process {
  readonly name: string;
  readonly view: ReturnType<typeof createPurgeLogView>;
  isInStep = false;
  unwritten: OwnPurge[] = [];
  /** The tier above, which keeps everything that is made here. */
  readonly memory = new Map<string, Omit<Made, 'stamp'>>();
  /** Until when all purges in the log are known. */
  knowsUntil = -1;

  constructor(name: string, tell: (purge: Purge) => void) {
    this.name = name;
    this.view = createPurgeLogView(name, tell);
  }
}

class World {
  now = 0;
  readonly log = new Log();
  readonly facts: Fact[] = [];
  /** What each process has purged or been told, and when: its memory goes by that alone. */
  readonly told: { purge: Purge; at: number }[][] = Array.from({ length: PROCESSES }, () => []);
  readonly processes = Array.from(
    { length: PROCESSES },
    (_, i) => new Process(`p${i}`, (purge) => this.told[i]?.push({ purge, at: this.now })),
  );
  readonly values = new Map<string, Made>();
  readonly works: (Omit<Made, 'stamp'> & { who: number; mark: number })[] = [];
  isDisturbed = false;

  process(who: number): Process {
    return this.processes[who] ?? assert.fail('no such process');
  }

  append({ purge, by }: OwnPurge): Stamp {
    this.now += 1;
    for (const fact of this.facts) if (fact.by === by) fact.loggedAt = this.now;
    return this.log.append(purge, by);
  }

  join(who: number) {
    this.now += 1;
    const { view, ...process } = this.process(who);
    const head = this.log.join(view.known);
    view.meet(head);
    for (const own of process.unwritten.splice(0)) {
      assert.ok(view.written(own, this.append(own)));
    }
    for (const entry of this.log.entries) {
      if (entry.position > view.readTo && entry.position <= head.position) view.take(entry);
    }
    view.caughtUp(head.position);
    this.process(who).isInStep = true;
    this.process(who).knowsUntil = this.now;
  }

  follow(who: number) {
    const process = this.process(who);
    if (!process.isInStep) return;
    for (const entry of this.log.entries) {
      if (entry.position <= process.view.readTo) continue;
      if (
        this.log.epoch !== process.view.known?.epoch ||
        entry.position !== process.view.readTo + 1
      ) {
        this.join(who);
        return;
      }
      process.view.take(entry);
    }
    process.knowsUntil = this.now;
  }

  purge(who: number, purge: Purge, isWritten: boolean) {
    const process = this.process(who);
    const own = process.view.begin(purge);
    this.told[who]?.push({ purge, at: this.now });
    const fact = { purge, at: this.now, loggedAt: Number.POSITIVE_INFINITY, by: own.by };
    this.facts.push(fact);
    if (!process.isInStep || !isWritten) {
      process.unwritten.push(own);
      process.isInStep = false;
      return;
    }
    const isSame = process.view.written(own, this.append(own));
    if (!isSame) process.isInStep = false;
  }

  finish(index: number) {
    const [work] = this.works.splice(index % Math.max(1, this.works.length), 1);
    if (work === undefined) return;
    this.process(work.who).memory.set(work.key, work);
    if (!this.process(work.who).isInStep) return;
    const stamp = this.process(work.who).view.stampAt(work.mark);
    if (stamp !== undefined) this.values.set(work.key, { ...work, stamp });
  }

  /** Purges of a value, since work on it began, that the process must know. */
  known(who: number, { key, tags, beganAt }: Omit<Made, 'stamp'>): readonly Fact[] {
    const { name, knowsUntil } = this.process(who);
    return this.facts.filter(
      ({ purge, at, loggedAt, by }) =>
        at > beganAt &&
        isFor(purge, key, tags) &&
        (by.startsWith(`${name}:`) || loggedAt <= knowsUntil),
    );
  }

  readMemory(who: number, key: string) {
    const made = this.process(who).memory.get(key);
    if (made === undefined || !this.process(who).isInStep) return;
    const isTold = this.told[who]?.some(
      ({ purge, at }) => at > made.beganAt && isFor(purge, key, made.tags),
    );
    if (!isTold) assert.deepEqual(this.known(who, made), []);
  }

  read(who: number, key: string) {
    this.readMemory(who, key);
    const process = this.process(who);
    const value = this.values.get(key);
    if (!process.isInStep || value === undefined) return;
    const isFound = !process.view.isPurged(key, value.tags, value.stamp, process.view.ownCount);
    if (isFound) assert.deepEqual(this.known(who, value), []);
    else if (!this.isDisturbed) {
      const isExcused = this.facts.some(
        ({ purge, at }) => at > value.knewUntil && isFor(purge, key, value.tags),
      );
      assert.ok(isExcused, 'what nobody purged, since its maker last looked, is found');
    }
  }
}

function isFor(purge: Purge, key: string, tags: readonly string[]): boolean {
  if (purge.kind === 'key') return purge.key === key;
  if (purge.kind === 'tag') return tags.includes(purge.tag);
  return purge.kind === 'all' || key.startsWith(purge.prefix);
}

const who = fc.nat(PROCESSES - 1);
const key = fc.constantFrom('a', 'ab', 'b');
const tags = fc.subarray(['t', 'u']);
// Made anew for each use: purges are told apart by identity.
const purge: fc.Arbitrary<Purge> = fc.oneof(
  key.map((key) => ({ kind: 'key' as const, key })),
  fc.constantFrom('t', 'u').map((tag) => ({ kind: 'tag' as const, tag })),
  fc.constantFrom('a', '').map((prefix) => ({ kind: 'prefix' as const, prefix })),
  fc.constant(null).map(() => ({ kind: 'all' as const })),
);

type Step = (world: World) => void;
const calm: fc.Arbitrary<Step>[] = [
  fc.tuple(who, key, tags).map(([who, key, tags]) => (world) => {
    const mark = world.process(who).view.mark();
    const { knowsUntil: knewUntil } = world.process(who);
    world.works.push({ who, key, tags, beganAt: world.now, knewUntil, mark });
  }),
  fc.nat(10).map((index) => (world) => world.finish(index)),
  fc.tuple(who, purge).map(
    ([who, purge]) =>
      (world) =>
        world.purge(who, { ...purge }, true),
  ),
  who.map((who) => (world) => world.follow(who)),
  fc.tuple(who, key).map(
    ([who, key]) =>
      (world) =>
        world.read(who, key),
  ),
  fc.tuple(who, key).map(
    ([who, key]) =>
      (world) =>
        world.read(who, key),
  ),
];
const disturbing: fc.Arbitrary<Step>[] = [
  fc.tuple(who, purge).map(
    ([who, purge]) =>
      (world) =>
        world.purge(who, { ...purge }, false),
  ),
  who.map((who) => (world) => {
    world.process(who).isInStep = false;
  }),
  who.map((who) => (world) => world.join(who)),
  fc.nat(5).map((kept) => (world) => {
    world.log.entries = world.log.entries.slice(-1 - kept);
  }),
  fc.constant((world) => {
    world.log.begin();
  }),
  // A failover that loses the end, in whose place others may write. All connections are lost, and
  // who knew the end comes back first.
  fc.nat(5).map((lost) => (world) => {
    const { log, processes } = world;
    log.entries = log.entries.slice(0, Math.max(1, log.entries.length - lost));
    log.last = log.entries.at(-1)?.position ?? log.last;
    for (const process of processes) process.isInStep = false;
    const byKnowledge = [...processes.keys()].sort(
      (a, b) =>
        (world.process(b).view.known?.position ?? 0) - (world.process(a).view.known?.position ?? 0),
    );
    for (const who of byKnowledge) world.join(who);
  }),
];

function check(steps: readonly Step[], isDisturbed: boolean) {
  const world = new World();
  world.isDisturbed = isDisturbed;
  for (const who of world.processes.keys()) world.join(who);
  for (const step of steps) {
    world.now += 1;
    step(world);
  }
  for (const who of world.processes.keys()) world.join(who);
  for (const who of world.processes.keys()) {
    for (const key of ['a', 'ab', 'b']) world.read(who, key);
  }
}

test('what one knows to be purged it never finds, and what nobody purged it finds', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(...calm), { maxLength: 60 }), (steps) => check(steps, false)),
    { numRuns: 1_000 },
  );
});

test('nor through lost connections, lost writes, trimmed, flushed and forked logs', () => {
  const steps = fc.array(fc.oneof(...calm, ...calm, ...disturbing), { maxLength: 80 });
  fc.assert(
    fc.property(steps, (steps) => check(steps, true)),
    { numRuns: 2_000 },
  );
});

const head: Stamp = { epoch: 'e', position: 10 };

function joined(name = 'me') {
  const told: Purge[] = [];
  const view = createPurgeLogView(name, (purge) => told.push(purge));
  view.meet(head);
  view.take({ position: 10, by: 'e', purge: { kind: 'all' } });
  view.caughtUp(10);
  return { view, told };
}

test('work that began before the first log was met is not kept, and all is told for its sake', () => {
  const told: Purge[] = [];
  const view = createPurgeLogView('me', (purge) => told.push(purge));
  const mark = view.mark();
  view.meet(head);
  view.caughtUp(10);
  assert.equal(view.stampAt(mark), undefined);
  assert.deepEqual(told, [{ kind: 'all' }]);
  assert.deepEqual(joined().told, [], 'without work there is nothing to tell');
});

test('work that begins after an own purge, written or not, is not killed by it', () => {
  const { view } = joined();
  const own = view.begin({ kind: 'tag', tag: 't' });
  const mark = view.mark();
  assert.ok(view.written(own, { epoch: 'e', position: 11 }));
  assert.deepEqual(view.stampAt(mark), { epoch: 'e', position: 11 });
  view.take({ position: 11, by: own.by, purge: own.purge });
  assert.equal(view.isPurged('a', ['t'], { epoch: 'e', position: 11 }, 1), false);
  assert.equal(view.isPurged('a', ['t'], { epoch: 'e', position: 10 }, 1), true);
});

test('a foreign purge between the work’s beginning and the own purge’s place kills the work', () => {
  const { view } = joined();
  const own = view.begin({ kind: 'tag', tag: 't' });
  const mark = view.mark();
  view.written(own, { epoch: 'e', position: 12 });
  assert.deepEqual(view.stampAt(mark), { epoch: 'e', position: 10 });
});

test('a purge on its way counts for what is asked later, not for what was asked before', () => {
  const { view } = joined();
  const stamp = { epoch: 'e', position: 10 };
  view.begin({ kind: 'key', key: 'a' });
  assert.equal(view.isPurged('a', [], stamp, 0), false);
  assert.equal(view.isPurged('a', [], stamp, 1), true);
  assert.equal(view.isPurged('b', [], stamp, 1), false);
});

test('marks beyond number are forgotten, and what began then is not kept', () => {
  const { view } = joined();
  const first = view.mark();
  for (let position = 11; position < 30_000; position++) {
    view.take({ position, by: `other:${position}`, purge: { kind: 'tag', tag: 'x' } });
    view.mark();
  }
  assert.equal(view.stampAt(first), undefined);
  assert.deepEqual(view.stampAt(view.mark()), { epoch: 'e', position: 29_999 });
});
