import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createCache, createMemoryStore } from '@headgate/cache';
import type { Origin } from '@headgate/origin';
import { createReplicatedDatabase, migrate, type QueryEvent } from '@headgate/origin/db';
import { type PostgresServer, startPostgres } from '@headgate/postgres-server';
import { createRegistry } from '@headgate/telemetry';
import { createProfilesApp } from './app.ts';
import type { Profile } from './profile.ts';

const folder = fileURLToPath(new URL('../migrations', import.meta.url));

let postgres: PostgresServer;
let app: Origin;
/** Statements that were run, oldest first. */
const statements: QueryEvent[] = [];
let close: () => Promise<unknown>;

before(async () => {
  postgres = await startPostgres({ replicas: 1 });
  const registry = createRegistry();
  const database = createReplicatedDatabase({
    primary: postgres.url,
    replicas: postgres.replicaUrls,
    registry,
    onQuery: (event) => statements.push(event),
  });
  await migrate({ database, folder });
  const cache = createCache({ stores: [createMemoryStore({ maxSizeBytes: 10_000_000 })] });
  app = createProfilesApp({ database, cache, registry, cacheTtlMs: 60_000, deadlineMs: 5_000 });
  close = () => Promise.all([database.close(), cache.close()]);
});
after(async () => {
  await close?.();
  await postgres?.stop();
});

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

/** All that any answer may have. */
interface Body extends Profile {
  readonly profiles: readonly Profile[];
  readonly missing: readonly number[];
  readonly next: number | null;
  readonly kind: string;
  readonly fields: readonly { readonly in: string; readonly path: string }[];
}

async function ask(method: string, path: string, options: Asked = {}): Promise<Answer> {
  const { json, headers } = options;
  const answer = await app.request(path, {
    method,
    headers: { ...headers, ...(json !== undefined && { 'content-type': 'application/json' }) },
    ...(json !== undefined && { body: JSON.stringify(json) }),
  });
  const text = await answer.text();
  return { status: answer.status, headers: answer.headers, body: text && JSON.parse(text) };
}

interface Asked {
  readonly json?: unknown;
  readonly headers?: Record<string, string>;
}

let people = 0;
const somebody = () => ({ name: 'Ada', email: `ada${++people}@example.org`, bio: 'First of all.' });

const runs = (part: string) => statements.filter(({ text }) => text.includes(part)).length;

test('a profile is read from the database once, and from the cache after that', async () => {
  const before = runs('any($1');
  const first = await ask('GET', '/profiles/7');
  assert.equal(first.status, 200);
  assert.deepEqual([first.body.id, first.body.email], [7, 'person7@example.com']);
  assert.match(first.body.updatedAt, /^\d{4}-\d\d-\d\dT/);
  assert.deepEqual((await ask('GET', '/profiles/7')).body, first.body);
  assert.equal(runs('any($1') - before, 1);
});

test('requests that come together are one statement', async () => {
  const before = runs('any($1');
  const ids = Array.from({ length: 50 }, (_, i) => 100 + i);
  const answers = await Promise.all(ids.map((id) => ask('GET', `/profiles/${id}`)));
  assert.deepEqual(
    answers.map(({ body }) => body.id),
    ids,
  );
  assert.equal(runs('any($1') - before, 1);
});

test('a batch has what there is in the order asked for, and says what there is not', async () => {
  const { status, body } = await ask('GET', '/profiles/batch?ids=203,99999,201,203');
  assert.equal(status, 200);
  assert.deepEqual(
    body.profiles.map(({ id }) => id),
    [203, 201, 203],
  );
  assert.deepEqual(body.missing, [99_999]);
});

test('pages follow one another to the end', async () => {
  const first = await ask('GET', '/profiles?limit=2&after=10');
  assert.deepEqual(
    first.body.profiles.map(({ id }) => id),
    [11, 12],
  );
  assert.equal(first.body.next, 12);
  const last = await ask('GET', '/profiles?limit=5&after=1000000');
  assert.deepEqual(last.body, { profiles: [], next: null });
});

test('what was written is read at once, alone and in pages of a replica', async () => {
  const made = await ask('POST', '/profiles', { json: somebody() });
  assert.equal(made.status, 201);
  const { id } = made.body;
  assert.equal(made.headers.get('location'), `/profiles/${id}`);
  for (let n = 1; n <= 20; n++) {
    const changed = { ...somebody(), name: `Ada ${n}` };
    const written = await ask('PUT', `/profiles/${id}`, { json: changed });
    assert.equal(written.body.name, changed.name);
    assert.equal((await ask('GET', `/profiles/${id}`)).body.name, changed.name);
    const position = written.headers.get('headgate-read-after') ?? '';
    const headers = { 'headgate-read-after': position };
    const page = await ask('GET', `/profiles?limit=1&after=${id - 1}`, { headers });
    assert.equal(page.body.profiles[0]?.name, changed.name);
  }
});

test('a profile that was removed is gone, and can be removed once', async () => {
  const { id } = (await ask('POST', '/profiles', { json: somebody() })).body;
  assert.equal((await ask('GET', `/profiles/${id}`)).status, 200);
  assert.equal((await ask('DELETE', `/profiles/${id}`)).status, 204);
  assert.equal((await ask('GET', `/profiles/${id}`)).status, 404);
  assert.equal((await ask('DELETE', `/profiles/${id}`)).status, 404);
  assert.equal((await ask('PUT', `/profiles/${id}`, { json: somebody() })).status, 404);
});

test('an address of somebody else is a conflict that tells nothing of the database', async () => {
  const json = { ...somebody(), email: 'PERSON7@example.com' };
  const { status, body } = await ask('POST', '/profiles', { json });
  assert.equal(status, 409);
  assert.equal(body.kind, 'constraint');
  assert.doesNotMatch(JSON.stringify(body), /insert|profiles_email|person7/i);
});

test('what cannot be meant is refused with every field', async () => {
  const json = { name: ' ', email: 'nobody', likes: 1 };
  const { status, body } = await ask('PUT', '/profiles/x', { json });
  assert.equal(status, 422);
  const fields = body.fields.map((field) => `${field.in} ${field.path}`);
  for (const field of ['path id', 'body name', 'body email'])
    assert.ok(fields.includes(field), field);
});

test('it is ready while its database answers', async () => {
  assert.equal((await ask('GET', '/ready')).status, 200);
});
