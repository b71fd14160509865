// Owns which shard holds which keys: key → virtual shard → shard, without any I/O.
import { maxVirtualShards, type ShardKey, virtualShardOf } from './shard-hash.ts';

/** Virtual shards: one, or all from the first to the last, both included. */
export type VirtualShardRange = number | readonly [first: number, last: number];

/** Input of `createShardMap`; plain data, so it can come from a file. */
export interface ShardMapOptions {
  /** Whole number that grows with every change of the map. */
  readonly version: number;
  /** How many there are for ever: a power of two up to 65,536. Default 1024. */
  readonly virtualShards?: number;
  /** What each shard owns; together they own every virtual shard exactly once. */
  readonly shards: Readonly<Record<string, readonly VirtualShardRange[]>>;
}

/** Who owns what, at one time. */
export interface ShardMap {
  readonly version: number;
  readonly virtualShards: number;
  /** Names of the shards, in the order they were given. */
  readonly shards: readonly string[];
  /** The virtual shard of `key`, which no later map changes. */
  virtualShardOf(key: ShardKey): number;
  /** The shard that owns a virtual shard. Throws a RangeError when there is no such virtual shard. */
  ownerOf(virtualShard: number): string;
  /** The shard that holds the rows of `key`. */
  shardOf(key: ShardKey): string;
  /** What a shard owns, ascending. */
  ownedBy(shard: string): readonly number[];
}

/** A map; throws an Error that lists everything that is wrong with it. */
export function createShardMap(options: ShardMapOptions): ShardMap {
  const { version, virtualShards = 1024, shards } = options;
  const names = Object.keys(shards);
  if (!Number.isSafeInteger(version) || version < 1) {
    throw new Error(`a shard map has version ${version}; number its versions from 1`);
  }
  if (!isPowerOfTwo(virtualShards) || virtualShards > maxVirtualShards) {
    throw new Error(
      `${virtualShards} virtual shards; choose a power of two up to ${maxVirtualShards}`,
    );
  }
  const owners = new Array<string | undefined>(virtualShards);
  const problems: string[] = [];
  for (const name of names) {
    for (const range of shards[name] ?? []) claim(owners, name, range, problems);
  }
  const free = ranges([...owners.keys()].filter((one) => owners[one] === undefined));
  if (free !== '') problems.push(`nobody owns ${free}`);
  if (problems.length > 0) {
    throw new Error(`shard map version ${version} cannot be used: ${problems.join('; ')}`);
  }
  return new OwnerTable(version, names, owners as readonly string[]);
}

class OwnerTable implements ShardMap {
  readonly version: number;
  readonly shards: readonly string[];
  readonly #owners: readonly string[];

  constructor(version: number, shards: readonly string[], owners: readonly string[]) {
    this.version = version;
    this.shards = shards;
    this.#owners = owners;
  }

  get virtualShards(): number {
    return this.#owners.length;
  }

  virtualShardOf(key: ShardKey): number {
    return virtualShardOf(key, this.virtualShards);
  }

  ownerOf(virtualShard: number): string {
    const owner = this.#owners[virtualShard];
    if (owner !== undefined) return owner;
    throw new RangeError(
      `no virtual shard ${virtualShard}; they go from 0 to ${this.virtualShards - 1}`,
    );
  }

  shardOf(key: ShardKey): string {
    return this.ownerOf(this.virtualShardOf(key));
  }

  ownedBy(shard: string): readonly number[] {
    return [...this.#owners.keys()].filter((one) => this.#owners[one] === shard);
  }
}

function claim(
  owners: (string | undefined)[],
  name: string,
  range: VirtualShardRange,
  problems: string[],
): void {
  const [first, last] = typeof range === 'number' ? [range, range] : range;
  const isWhole = Number.isInteger(first) && Number.isInteger(last);
  if (!isWhole || first < 0 || last < first || last >= owners.length) {
    problems.push(
      `${name} owns ${first} to ${last}, which is no range of 0 to ${owners.length - 1}`,
    );
    return;
  }
  const taken = new Map<string, number[]>();
  for (let one = first; one <= last; one++) {
    const owner = owners[one];
    if (owner === undefined) owners[one] = name;
    else taken.set(owner, [...(taken.get(owner) ?? []), one]);
  }
  for (const [owner, both] of taken) {
    const who = owner === name ? `${name} twice` : `${owner} and ${name}`;
    problems.push(`${ranges(both)} belongs to ${who}`);
  }
}

function isPowerOfTwo(n: number): boolean {
  return Number.isInteger(n) && n >= 1 && (n & (n - 1)) === 0;
}

/** Ascending numbers as people write them: `0-7, 9`. */
function ranges(numbers: Iterable<number>): string {
  const found: [number, number][] = [];
  for (const one of numbers) {
    const latest = found.at(-1);
    if (latest !== undefined && latest[1] === one - 1) latest[1] = one;
    else found.push([one, one]);
  }
  return found
    .map(([first, last]) => (first === last ? `${first}` : `${first}-${last}`))
    .join(', ');
}
