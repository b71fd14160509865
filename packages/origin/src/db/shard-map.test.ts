import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { virtualShardOf } from './shard-hash.ts';
import { createShardMap, type VirtualShardRange } from './shard-map.ts';
import { evenShards, planResharding } from './shard-plan.ts';

test('a key belongs where it has always belonged', () => {
  // Data lies by these numbers. When this test fails, the code is wrong.
  const places: readonly [key: string | number | bigint, of1024: number, of65536: number][] = [
    ['', 66, 50_242],
    ['1', 627, 45_683],
    ['customer-7', 510, 58_878],
    ['Zoë \\ "quoted" 💡', 725, 24_277],
    [42, 180, 23_732],
    [-1, 908, 27_532],
    [9_007_199_254_740_993n, 962, 26_562],
  ];
  for (const [key, of1024, of65536] of places) {
    assert.deepEqual([virtualShardOf(key, 1024), virtualShardOf(key, 65_536)], [of1024, of65536]);
  }
});

test('a number, a bigint and their text are one key', () => {
  assert.equal(virtualShardOf(42, 1024), virtualShardOf('42', 1024));
  assert.equal(virtualShardOf(42n, 1024), virtualShardOf('42', 1024));
});

test('what could not be found again is refused as a key', () => {
  for (const key of [0.5, Number.NaN, 2 ** 53, 'a\0b', '\ud800']) {
    assert.throws(() => virtualShardOf(key, 1024), TypeError);
  }
});

test('keys spread evenly over virtual shards', () => {
  const counts = new Array<number>(64).fill(0);
  for (let key = 0; key < 64_000; key++) {
    const virtualShard = virtualShardOf(key, 64);
    counts[virtualShard] = (counts[virtualShard] ?? 0) + 1;
  }
  // Six standard deviations of a fair throw.
  for (const count of counts) assert.ok(Math.abs(count - 1000) < 190, `${count} keys`);
});

test('a map names the owner of every key', () => {
  const map = createShardMap({ version: 1, shards: { a: [[0, 511]], b: [[512, 1022], 1023] } });
  assert.deepEqual(
    [map.ownerOf(0), map.ownerOf(511), map.ownerOf(512), map.ownerOf(1023)],
    ['a', 'a', 'b', 'b'],
  );
  assert.equal(map.shardOf('x'), map.ownerOf(map.virtualShardOf('x')));
  assert.equal(map.ownedBy('b').length, 512);
  assert.throws(() => map.ownerOf(1024), RangeError);
});

test('a map that does not own everything exactly once says all that is wrong', () => {
  const shards = {
    a: [[0, 3], 2] as VirtualShardRange[],
    b: [
      [3, 4],
      [9, 20],
    ] as VirtualShardRange[],
  };
  assert.throws(() => createShardMap({ version: 2, virtualShards: 16, shards }), {
    message:
      'shard map version 2 cannot be used: 2 belongs to a twice; 3 belongs to a and b; ' +
      'b owns 9 to 20, which is no range of 0 to 15; nobody owns 5-15',
  });
  assert.throws(() => createShardMap({ version: 0, shards: { a: [[0, 1023]] } }), /from 1/);
  assert.throws(
    () => createShardMap({ version: 1, virtualShards: 1000, shards: { a: [[0, 999]] } }),
    /power of two/,
  );
});

test('a plan has the moves between two maps and no others', () => {
  const from = createShardMap({ version: 1, virtualShards: 4, shards: { a: [[0, 2]], b: [3] } });
  const to = createShardMap({
    version: 2,
    virtualShards: 4,
    shards: { a: [0], b: [3], c: [1, 2] },
  });
  assert.deepEqual(planResharding(from, to), [
    { virtualShard: 1, from: 'a', to: 'c' },
    { virtualShard: 2, from: 'a', to: 'c' },
  ]);
  assert.throws(() => planResharding(to, from), /cannot follow/);
  const other = createShardMap({ version: 3, virtualShards: 8, shards: { a: [[0, 7]] } });
  assert.throws(() => planResharding(to, other), /cannot change/);
});

test('shares become even by as few moves as that takes', () => {
  const names = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1 });
  const owners = fc.array(fc.nat(), { minLength: 64, maxLength: 64 });
  fc.assert(
    fc.property(names, owners, names, (before, owner, after) => {
      const shards: Record<string, number[]> = Object.fromEntries(before.map((name) => [name, []]));
      for (const [virtualShard, n] of owner.entries()) {
        shards[before[n % before.length] ?? '']?.push(virtualShard);
      }
      const from = createShardMap({ version: 7, virtualShards: 64, shards });
      const to = createShardMap(evenShards(from, after));
      const sizes = after.map((name) => to.ownedBy(name).length).sort((a, b) => b - a);
      assert.ok((sizes[0] ?? 0) - (sizes.at(-1) ?? 0) <= 1);
      // What stays is at most what each has and may keep, the largest owners keeping the most.
      const had = after.map((name) => from.ownedBy(name).length).sort((a, b) => b - a);
      const kept = had.reduce((sum, size, i) => sum + Math.min(size, sizes[i] ?? 0), 0);
      assert.equal(planResharding(from, to).length, 64 - kept);
    }),
  );
});
