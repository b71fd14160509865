/** The database of the origin contest: a PostgreSQL of its own with one table of profiles. */
import { startPostgres } from '@headgate/postgres-server';
import { Client } from 'pg';
import { ROWS } from './origin-cases.ts';

export interface SeededDatabase extends AsyncDisposable {
  /** `postgres://…` */
  readonly url: string;
}

const SEED = [
  `create table profiles (
    id bigint primary key,
    name text not null,
    email text not null,
    bio text not null,
    updated_at timestamptz not null
  )`,
  `insert into profiles
    select id, 'Ada ' || id, 'ada.' || id || '@example.com',
      repeat('She wrote the first program. ', 7) || id,
      timestamptz '2026-01-01 00:00:00+00' + id * interval '61.007 seconds'
    from generate_series(1, ${ROWS}) as id`,
  'vacuum analyze profiles',
];

/** Runs where this process does; the table is there when this resolves. */
export async function startSeededDatabase(): Promise<SeededDatabase> {
  const server = await startPostgres({ settings: { timezone: 'UTC' } });
  try {
    const client = new Client({ connectionString: server.url });
    await client.connect();
    for (const statement of SEED) await client.query(statement);
    await client.end();
  } catch (error) {
    await server.stop();
    throw error;
  }
  return { url: server.url, [Symbol.asyncDispose]: () => server.stop() };
}
