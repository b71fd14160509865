import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createPurgeIndex, type Purge, type PurgeIndex } from './purge-index.ts';

const key = (name: string): Purge => ({ kind: 'key', key: name });
const tag = (name: string): Purge => ({ kind: 'tag', tag: name });
const prefix = (text: string): Purge => ({ kind: 'prefix', prefix: text });
const all: Purge = { kind: 'all' };

test('what began before a purge that is for it is purged, what began after it is not', () => {
  for (const purge of [key('a/b'), tag('t'), prefix('a/'), prefix(''), all]) {
    const index = createPurgeIndex();
    const before = index.mark;
    index.take(purge);
    assert.equal(index.isPurged('a/b', ['s', 't'], before), true, purge.kind);
    assert.equal(index.isPurged('a/b', ['s', 't'], index.mark), false, purge.kind);
  }
});

test('purges for others do not touch it', () => {
  const index = createPurgeIndex();
  const before = index.mark;
  for (const purge of [key('a'), key('t'), tag('a/b'), tag('a'), prefix('a/b/'), prefix('/')]) {
    index.take(purge);
  }
  assert.equal(index.isPurged('a/b', ['t'], before), false);
  assert.equal(index.isPurged('a/b', [], before), false);
});

test('a name purged twice is remembered by its last purge', () => {
  const index = createPurgeIndex();
  index.take(tag('t'));
  const between = index.mark;
  index.take(tag('t'));
  assert.equal(index.isPurged('a', ['t'], between), true);
});

test('everything before a forgotten purge counts as purged, what came after it does not', () => {
  for (const make of [key, tag, prefix]) {
    const index = createPurgeIndex({ maxPurges: 2 });
    const marks = ['x1', 'x2', 'x3'].map((name) => {
      const before = index.mark;
      index.take(make(name));
      return before;
    });
    const isPurged = marks.map((mark) => index.isPurged('other', [], mark));
    assert.deepEqual(isPurged, [true, false, false], make('x1').kind);
  }
});

test('a name purged again and again takes one place', () => {
  const index = createPurgeIndex({ maxPurges: 2 });
  const before = index.mark;
  for (let i = 0; i < 100; i++) for (const name of ['x', 'y']) index.take(tag(name));
  assert.equal(index.isPurged('other', [], before), false);
});

test('long names use up the memory of many', () => {
  const index = createPurgeIndex({ maxPurges: 10 });
  const before = index.mark;
  index.take(key('x'.repeat(600)));
  assert.equal(index.isPurged('other', [], before), false);
  index.take(key('y'.repeat(600)));
  assert.equal(index.isPurged('other', [], before), true);
  assert.equal(index.isPurged('y'.repeat(600), [], before + 1), true);
});

test('a name longer than all there is room for still purges what it names', () => {
  const index = createPurgeIndex({ maxPurges: 1 });
  const name = 'x'.repeat(1_000);
  index.take(key(name));
  assert.equal(index.isPurged(name, [], 0), true);
  assert.equal(index.isPurged(name, [], index.mark), false);
});

/** The same in the plainest way: all purges ever taken, in a list. */
function createList(): PurgeIndex {
  const taken: Purge[] = [];
  const isFor = (purge: Purge, name: string, tags: readonly string[]) =>
    purge.kind === 'all' ||
    (purge.kind === 'key' && purge.key === name) ||
    (purge.kind === 'tag' && tags.includes(purge.tag)) ||
    (purge.kind === 'prefix' && name.startsWith(purge.prefix));
  return {
    get mark() {
      return taken.length;
    },
    take: (purge) => void taken.push(purge),
    isPurged: (name, tags, mark) => taken.slice(mark).some((purge) => isFor(purge, name, tags)),
  };
}

const name = fc.stringMatching(/^[ab]{0,3}$/);
const purge: fc.Arbitrary<Purge> = fc.oneof(
  { weight: 4, arbitrary: name.map(key) },
  { weight: 4, arbitrary: name.map(tag) },
  { weight: 2, arbitrary: name.map(prefix) },
  { weight: 1, arbitrary: fc.constant(all) },
);
const question = fc.record({ name, tags: fc.array(name, { maxLength: 3 }), age: fc.nat(20) });

test('it answers as a list of all purges would, as long as it forgets none', () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(purge, question), { maxLength: 60 }), (steps) => {
      const index = createPurgeIndex();
      const list = createList();
      for (const step of steps) {
        if ('kind' in step) for (const one of [index, list]) one.take(step);
        else {
          const mark = Math.max(0, list.mark - step.age);
          const [actual, expected] = [index, list].map((one) =>
            one.isPurged(step.name, step.tags, mark),
          );
          assert.equal(actual, expected);
        }
      }
      assert.equal(index.mark, list.mark);
    }),
    { numRuns: 1_000 },
  );
});

test('a small one never lets through what a list of all purges would stop', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(purge, question), { maxLength: 60 }),
      fc.integer({ min: 1, max: 4 }),
      (steps, maxPurges) => {
        const index = createPurgeIndex({ maxPurges });
        const list = createList();
        for (const step of steps) {
          if ('kind' in step) for (const one of [index, list]) one.take(step);
          else {
            const mark = Math.max(0, list.mark - step.age);
            if (list.isPurged(step.name, step.tags, mark)) {
              assert.equal(index.isPurged(step.name, step.tags, mark), true);
            }
            assert.equal(index.isPurged(step.name, step.tags, index.mark), false);
          }
        }
      },
    ),
    { numRuns: 1_000 },
  );
});
