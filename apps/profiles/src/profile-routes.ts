// Owns the routes of the profiles origin: what they take, what they answer, what edges may keep.
import {
  cacheable,
  createRoutes,
  json,
  jsonBody,
  notFound,
  type OriginBindings,
  type OriginEnv,
  type Purger,
  problem,
  purges,
  route,
  z,
} from '@headgate/origin';
import type { ReadYourWritesEnv } from '@headgate/origin/db';
import type { Context, MiddlewareHandler } from 'hono';
import { newProfileSchema, profileSchema } from './profile.ts';
import type { ProfileReads } from './profile-reads.ts';
import type { ProfileWrites } from './profile-writes.ts';

/** What the routes are made of. */
export interface ProfileRoutesDeps {
  reads: ProfileReads;
  writes: ProfileWrites;
  /** Has edges forget what was written. Default: they keep it for its time. */
  purger?: Purger | undefined;
  /** Sees to it that clients read in lists what they have written. */
  readYourWrites: MiddlewareHandler<ReadYourWritesEnv>;
}

const maxBatch = 100;
const maxPage = 100;

const idSchema = z.coerce.number().int().min(1).max(Number.MAX_SAFE_INTEGER);
const idParams = z.object({ id: idSchema.openapi({ example: 7 }) });
const none = problem('There is no such profile');
const taken = problem('Somebody else has this e-mail address');
const tags = ['profiles'];

const oneIsCacheable = cacheable({
  maxAge: '30s',
  staleWhileRevalidate: '30s',
  audience: 'shared',
  negative: { maxAge: '5s' },
  tags: (c) => [`profile:${Number(c.req.param('id'))}`],
});

const readOne = route({
  method: 'get',
  path: '/profiles/{id}',
  summary: 'One profile',
  tags,
  middleware: [oneIsCacheable],
  request: { params: idParams },
  responses: { 200: json(profileSchema, 'The profile'), 404: none },
});

const readBatch = route({
  method: 'get',
  path: '/profiles/batch',
  summary: 'Many profiles at once',
  tags,
  request: {
    query: z.object({
      ids: z
        .string()
        .max(2000)
        .transform((text): unknown[] => text.split(','))
        .pipe(z.array(idSchema).min(1).max(maxBatch))
        .openapi({ type: 'string', example: '7,8,9' }),
    }),
  },
  responses: {
    200: json(
      z.object({ profiles: z.array(profileSchema), missing: z.array(z.int()) }).openapi('Batch'),
      'Those that there are, in the order asked for, and the ids of the others',
    ),
  },
});

const remainingMs = ({ env }: { env: OriginBindings }) => env.scope.deadline.remainingMs();

/** The routes of the profiles origin. */
export function createProfileRoutes({ reads, writes, purger, readYourWrites }: ProfileRoutesDeps) {
  const readPage = route({
    method: 'get',
    path: '/profiles',
    summary: 'Profiles in the order of their ids',
    tags,
    middleware: [readYourWrites] as const,
    request: {
      query: z.object({
        after: z.coerce.number().int().min(0).default(0),
        limit: z.coerce.number().int().min(1).max(maxPage).default(50),
      }),
    },
    responses: {
      200: json(
        z.object({ profiles: z.array(profileSchema), next: z.int().nullable() }).openapi('Page'),
        'A page; `next` is the `after` of the following one',
      ),
    },
  });

  const purging = (tags: (c: Context<OriginEnv>) => readonly string[]) =>
    purger ? [purges(purger, tags)] : [];
  const purgingOne = purging((c) => [`profile:${Number(c.req.param('id'))}`]);

  const create = route({
    method: 'post',
    path: '/profiles',
    summary: 'Adds a profile',
    tags,
    middleware: [
      readYourWrites,
      // That there was none may have been kept.
      ...purging((c) => [`profile:${c.res.headers.get('location')?.split('/').at(-1)}`]),
    ],
    request: { body: jsonBody(newProfileSchema) },
    responses: { 201: json(profileSchema, 'The new profile'), 409: taken },
  });

  const replace = route({
    method: 'put',
    path: '/profiles/{id}',
    summary: 'Replaces a profile',
    tags,
    middleware: [readYourWrites, ...purgingOne],
    request: { params: idParams, body: jsonBody(newProfileSchema) },
    responses: { 200: json(profileSchema, 'The profile as it is now'), 404: none, 409: taken },
  });

  const remove = route({
    method: 'delete',
    path: '/profiles/{id}',
    summary: 'Removes a profile',
    tags,
    middleware: [readYourWrites, ...purgingOne],
    request: { params: idParams },
    responses: { 204: { description: 'It is gone' }, 404: none },
  });

  return createRoutes()
    .openapi(readBatch, async (c) => {
      const { ids } = c.req.valid('query');
      const found = await reads.many(ids, c.env.scope.signal);
      const profiles = found.filter((profile) => profile !== undefined);
      return c.json({ profiles, missing: ids.filter((_, i) => found[i] === undefined) }, 200);
    })
    .openapi(readOne, async (c) => {
      const { id } = c.req.valid('param');
      const profile = await reads.one(id, c.env.scope.signal);
      if (!profile) throw notFound(`there is no profile ${id}`);
      return c.json(profile, 200);
    })
    .openapi(readPage, async (c) => {
      const { signal } = c.env.scope;
      const page = await reads.page(c.req.valid('query'), {
        signal,
        readAfter: c.get('readAfter'),
      });
      return c.json(page, 200);
    })
    .openapi(create, async (c) => {
      const profile = await writes.create(c.req.valid('json'), remainingMs(c));
      return c.json(profile, 201, { location: `/profiles/${profile.id}` });
    })
    .openapi(replace, async (c) => {
      const { id } = c.req.valid('param');
      const profile = await writes.replace(id, c.req.valid('json'), remainingMs(c));
      if (!profile) throw notFound(`there is no profile ${id}`);
      return c.json(profile, 200);
    })
    .openapi(remove, async (c) => {
      const { id } = c.req.valid('param');
      if (!(await writes.remove(id, remainingMs(c)))) throw notFound(`there is no profile ${id}`);
      return c.body(null, 204);
    });
}
