// Owns how profiles are written: to the primary, and forgotten by the cache afterwards.
import type { Queryable } from '@headgate/origin/db';
import {
  type NewProfile,
  type Profile,
  type ProfileRow,
  profileColumns,
  toProfile,
} from './profile.ts';
import type { ProfileReads } from './profile-reads.ts';

/** Writes profiles; each write is whole or not at all. */
export interface ProfileWrites {
  create(profile: NewProfile, timeoutMs: number): Promise<Profile>;
  /** Undefined when there is none. */
  replace(id: number, profile: NewProfile, timeoutMs: number): Promise<Profile | undefined>;
  /** False when there was none. */
  remove(id: number, timeoutMs: number): Promise<boolean>;
}

/** Writes to `primary`. A client that leaves does not stop a write: it may have been done by then. */
export function createProfileWrites(primary: Queryable, reads: ProfileReads): ProfileWrites {
  /** Whatever came of the write: one that was late may have been done all the same. */
  const forgetting = async <T>(id: number, write: Promise<T>): Promise<T> => {
    try {
      return await write;
    } finally {
      await reads.forget(id);
    }
  };

  return {
    async create({ name, email, bio }, timeoutMs) {
      const row = await primary.first<ProfileRow>(
        `insert into profiles (name, email, bio) values ($1, $2, $3) returning ${profileColumns}`,
        [name, email, bio],
        { timeoutMs },
      );
      const profile = toProfile(row as ProfileRow);
      // Somebody may have asked for it before there was one.
      await reads.forget(profile.id);
      return profile;
    },

    async replace(id, { name, email, bio }, timeoutMs) {
      const row = await forgetting(
        id,
        primary.first<ProfileRow>(
          `update profiles set name = $2, email = $3, bio = $4, updated_at = now() where id = $1
           returning ${profileColumns}`,
          [id, name, email, bio],
          { timeoutMs },
        ),
      );
      return row && toProfile(row);
    },

    async remove(id, timeoutMs) {
      const text = 'delete from profiles where id = $1';
      return (await forgetting(id, primary.execute(text, [id], { timeoutMs }))) > 0;
    },
  };
}
