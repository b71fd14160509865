/** What an origin of the kit still does when a request has been answered, while workers come and go. */
import assert from 'node:assert/strict';
import { mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { startClients } from '../stack/keep-alive-clients.ts';
import { eventually, soon } from '../support/eventually.ts';
import { startOrigin } from '../support/origin-process.ts';
import { get } from '../support/raw-client.ts';

async function folder(t: TestContext): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'headgate-origin-life-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

async function linesOf(file: string): Promise<string[]> {
  return (await readFile(file, 'utf8')).split('\n').slice(0, -1);
}

test('a log that is rotated under load has one line for each request, in one of its files', async (t) => {
  const file = join(await folder(t), 'access.log');
  await using origin = await startOrigin({ WORKERS: '2', ACCESS_LOG: file });
  const clients = startClients(`${origin.url}/slow`, 12);
  await eventually(() => assert.ok(clients.answered > 100));
  await rename(file, `${file}.1`);
  await origin.does('SIGHUP', '2 workers were replaced');
  const { answered } = clients;
  await eventually(() => assert.ok(clients.answered > answered + 100));
  await clients.stop();
  origin.child.kill('SIGTERM');
  await soon(origin.exited, 'the exit of the origin');

  const files = [await linesOf(`${file}.1`), await linesOf(file)];
  const records = files.flat().map((line) => JSON.parse(line));
  assert.equal(records.filter(({ path }) => path === '/slow').length, clients.answered);
  assert.equal(new Set(records.map(({ id }) => id)).size, records.length);
  for (const lines of files) assert.ok(lines.length > 100, String(lines.length));
});

test('a worker that is replaced finishes what it does after its answers', async (t) => {
  const file = join(await folder(t), 'done');
  await using origin = await startOrigin({ WORKERS: '2', LATER: file });
  for (let i = 0; i < 20; i++) assert.equal((await get(origin.port, '/later')).text, 'later');
  await origin.does('SIGHUP', '2 workers were replaced');
  await eventually(async () => assert.equal((await linesOf(file)).length, 20));
});

test('a process alone that is told to stop finishes it too', async (t) => {
  const file = join(await folder(t), 'done');
  await using origin = await startOrigin({ LATER: file });
  for (let i = 0; i < 5; i++) assert.equal((await get(origin.port, '/later')).text, 'later');
  origin.child.kill('SIGTERM');
  assert.equal(await soon(origin.exited, 'the exit of the origin'), 0);
  assert.equal((await linesOf(file)).length, 5);
});
