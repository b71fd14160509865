// Owns what the profiles origin is made of.
import type { Cache } from '@headgate/cache';
import { createOrigin, type Origin, type Purger } from '@headgate/origin';
import { type ReplicatedDatabase, readYourWrites } from '@headgate/origin/db';
import type { Registry } from '@headgate/telemetry';
import { createProfileReads } from './profile-reads.ts';
import { createProfileRoutes } from './profile-routes.ts';
import { createProfileWrites } from './profile-writes.ts';

/** What the profiles origin is made of. */
export interface ProfilesDeps {
  database: ReplicatedDatabase;
  cache: Cache;
  /** Has edges forget what was written. */
  purger?: Purger | undefined;
  registry: Registry;
  /** How long a profile is kept, in milliseconds. */
  cacheTtlMs: number;
  /** Budget of a request in milliseconds. */
  deadlineMs: number;
}

/** The profiles origin; it is ready while its primary answers. */
export function createProfilesApp(deps: ProfilesDeps): Origin {
  const { database, cache, purger, registry, cacheTtlMs, deadlineMs } = deps;
  const reads = createProfileReads({ database, cache, ttlMs: cacheTtlMs });
  return createOrigin({
    name: 'profiles',
    deadlineMs,
    registry,
    routes: createProfileRoutes({
      reads,
      writes: createProfileWrites(database, reads),
      purger,
      // An edge in front ends TLS, and this origin cannot know whether there was any.
      readYourWrites: readYourWrites({ database, isSecure: false }),
    }),
    readiness: {
      database: async (signal) => {
        await database.query('select 1', [], { signal });
      },
    },
  });
}
