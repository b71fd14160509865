// Owns how profiles are read: single ones and batches through the cache, pages from replicas.
import type { Cache } from '@headgate/cache';
import {
  type Queryable,
  type ReplicatedDatabase,
  rowLoader,
  type WalPosition,
} from '@headgate/origin/db';
import { type Profile, type ProfileRow, profileColumns, toProfile } from './profile.ts';

/** Reads profiles. */
export interface ProfileReads {
  /** Undefined when there is none. */
  one(id: number, signal: AbortSignal): Promise<Profile | undefined>;
  /** In the order of `ids`, undefined where there is none. */
  many(ids: readonly number[], signal: AbortSignal): Promise<(Profile | undefined)[]>;
  /** At most `limit` profiles whose id is above `after`. */
  page(
    wanted: { readonly after: number; readonly limit: number },
    reader: { readonly signal: AbortSignal; readonly readAfter: WalPosition | undefined },
  ): Promise<{ profiles: Profile[]; next: number | null }>;
  /** What is known about a profile is known no more, in any process. */
  forget(id: number): Promise<void>;
}

/** What profiles are read with. */
export interface ProfileReadsDeps {
  database: ReplicatedDatabase;
  cache: Cache;
  /** How long a profile is kept, in milliseconds. */
  ttlMs: number;
}

const absentTtlMs = 5_000;
const keyOf = (id: number) => `profile:${id}`;

/** Reads from the cache what it has, and the rest with one statement for all that ask meanwhile. */
export function createProfileReads({ database, cache, ttlMs }: ProfileReadsDeps): ProfileReads {
  // From the primary: a replica may not have the latest write yet, and what it says would be kept.
  const rows = rowLoader<ProfileRow>({
    database: database,
    key: 'id',
    // One more may start while one is late; beyond that, waiting makes batches larger.
    maxLoads: 4,
    text: `select ${profileColumns} from profiles where id = any($1::bigint[])`,
  });
  const load = async (id: number, signal: AbortSignal) => {
    const row = await rows.load(id, { signal });
    return row && toProfile(row);
  };
  const keeping = { ttlMs, absentTtlMs };

  return {
    one: (id, signal) =>
      cache.getOrSet(keyOf(id), (loading) => load(id, loading), { ...keeping, signal }),

    many(ids, signal) {
      const byKey = new Map(ids.map((id) => [keyOf(id), id]));
      return cache.getOrSetMany(
        ids.map(keyOf),
        (keys, loading) => Promise.all(keys.map((key) => load(byKey.get(key) ?? 0, loading))),
        { ...keeping, signal },
      );
    },

    async page({ after, limit }, { signal, readAfter }) {
      const replicas: Queryable = database.reads({ after: readAfter });
      const found = await replicas.query<ProfileRow>(
        `select ${profileColumns} from profiles where id > $1 order by id limit $2`,
        [after, limit + 1],
        { signal },
      );
      const profiles = found.slice(0, limit).map(toProfile);
      return { profiles, next: found.length > limit ? (profiles.at(-1)?.id ?? null) : null };
    },

    async forget(id) {
      await cache.delete(keyOf(id));
    },
  };
}
