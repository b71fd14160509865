/**
 * Rows from PostgreSQL by the kit. Run with `PORT`, `DATABASE_URL` and `DATABASE_CONNECTIONS`.
 * `/rows/{id}` is one statement for each get; `/loaded/{id}` and `/batch` use a loader.
 */
import { createOrigin, createRoutes, json, notFound, route, runOrigin, z } from '@headgate/origin';
import { createDatabase, rowLoader } from '@headgate/origin/db';

const COLUMNS = 'id, name, email, bio, updated_at';
const LIST_LIMIT = 50;
const BATCH = 50;

type ProfileRow = {
  readonly id: number;
  readonly name: string;
  readonly email: string;
  readonly bio: string;
  readonly updated_at: Date;
};

const connections = Number(process.env.DATABASE_CONNECTIONS);
const database = createDatabase({
  url: process.env.DATABASE_URL ?? '',
  pool: { poolSize: connections, maxOverflow: 0 },
});
const profiles = rowLoader<ProfileRow>({
  database,
  key: 'id',
  maxLoads: 2,
  text: `select ${COLUMNS} from profiles where id = any($1)`,
});

const id = z.coerce
  .number()
  .int()
  .min(1)
  .max(2 ** 31 - 1);
const profile = z.object({
  id: z.number(),
  name: z.string(),
  email: z.string(),
  bio: z.string(),
  updatedAt: z.string(),
});
const request = { params: z.object({ id }) };
const listRequest = { query: z.object({ from: id }) };
const one = { 200: json(profile, 'The profile') };
const many = { 200: json(z.object({ rows: z.array(profile) }), 'Profiles') };

const routes = createRoutes()
  .openapi(route({ method: 'get', path: '/rows/{id}', request, responses: one }), async (c) => {
    const { id: key } = c.req.valid('param');
    const row = await database.first<ProfileRow>(
      `select ${COLUMNS} from profiles where id = $1`,
      [key],
      { signal: c.env.scope.signal },
    );
    return c.json(answer(row, key), 200);
  })
  .openapi(route({ method: 'get', path: '/loaded/{id}', request, responses: one }), async (c) => {
    const { id: key } = c.req.valid('param');
    const row = await profiles.load(key, { signal: c.env.scope.signal });
    return c.json(answer(row, key), 200);
  })
  .openapi(
    route({ method: 'get', path: '/rows', request: listRequest, responses: many }),
    async (c) => {
      const { from } = c.req.valid('query');
      const rows = await database.query<ProfileRow>(
        `select ${COLUMNS} from profiles where id >= $1 order by id limit ${LIST_LIMIT}`,
        [from],
        { signal: c.env.scope.signal },
      );
      return c.json({ rows: rows.map((row) => answer(row, row.id)) }, 200);
    },
  )
  .openapi(
    route({ method: 'get', path: '/batch', request: listRequest, responses: many }),
    async (c) => {
      const { from } = c.req.valid('query');
      const { signal } = c.env.scope;
      const gets = Array.from({ length: BATCH }, (_, index) =>
        profiles.load(from + index, { signal }),
      );
      const rows = (await Promise.all(gets)).filter((row) => row !== undefined);
      return c.json({ rows: rows.map((row) => answer(row, row.id)) }, 200);
    },
  );

function answer(row: ProfileRow | undefined, key: number) {
  if (row === undefined) throw notFound(`there is no profile ${key}`);
  const { name, email, bio, updated_at: updatedAt } = row;
  return { id: Number(row.id), name, email, bio, updatedAt: updatedAt.toISOString() };
}

await runOrigin({
  name: 'kit-rows',
  port: Number(process.env.PORT),
  start: async () => ({
    origin: createOrigin({ name: 'kit-rows', routes }),
    onClosed: () => database.close(),
  }),
});
