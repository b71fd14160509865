// Owns what has to move when shards come, go or get another share.
import type { ShardMap, ShardMapOptions } from './shard-map.ts';

/** One virtual shard changes its owner. */
export interface ShardMove {
  readonly virtualShard: number;
  readonly from: string;
  readonly to: string;
}

/**
 * The moves that lead from one map to the other, and no others. Throws an Error when the maps cannot
 * follow one another: another number of virtual shards, or a version that does not grow.
 */
export function planResharding(from: ShardMap, to: ShardMap): readonly ShardMove[] {
  if (from.virtualShards !== to.virtualShards) {
    throw new Error(
      `the number of virtual shards cannot change from ${from.virtualShards} to ${to.virtualShards}: ` +
        'every key would belong elsewhere',
    );
  }
  if (to.version <= from.version) {
    throw new Error(`map version ${to.version} cannot follow version ${from.version}; raise it`);
  }
  const moves: ShardMove[] = [];
  for (let virtualShard = 0; virtualShard < from.virtualShards; virtualShard++) {
    const [old, young] = [from.ownerOf(virtualShard), to.ownerOf(virtualShard)];
    if (old !== young) moves.push({ virtualShard, from: old, to: young });
  }
  return moves;
}

/**
 * The next map over `shards`, with shares as even as they can be and as few moves as that takes.
 * Shards of `map` that are not named any more give up all they own. Throws an Error without shards,
 * or when there are more than virtual shards.
 */
export function evenShards(map: ShardMap, shards: readonly string[]): ShardMapOptions {
  const names = [...new Set(shards)];
  if (names.length === 0 || names.length > map.virtualShards) {
    throw new Error(
      `${map.virtualShards} virtual shards cannot be shared by ${names.length} shards`,
    );
  }
  const owned = new Map(names.map((name) => [name, [...map.ownedBy(name)]]));
  const homeless = map.shards
    .filter((name) => !owned.has(name))
    .flatMap((name) => map.ownedBy(name));
  const share = Math.floor(map.virtualShards / names.length);
  let larger = map.virtualShards % names.length;
  // Those that have most already keep the larger shares: that moves least.
  const byOwned = [...owned.entries()].sort(([, a], [, b]) => b.length - a.length);
  const wanting: [own: number[], size: number][] = [];
  for (const [, own] of byOwned) {
    const size = larger-- > 0 ? share + 1 : share;
    homeless.push(...own.splice(size));
    wanting.push([own, size]);
  }
  for (const [own, size] of wanting) own.push(...homeless.splice(0, size - own.length));
  return {
    version: map.version + 1,
    virtualShards: map.virtualShards,
    shards: Object.fromEntries([...owned].map(([name, own]) => [name, own.sort((a, b) => a - b)])),
  };
}
