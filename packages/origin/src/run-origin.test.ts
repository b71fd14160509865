import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';

// An origin with one route that never answers, run the way an app's main module does.
const program = `
  import { z } from 'zod';
  import { createOrigin } from ${JSON.stringify(new URL('./origin.ts', import.meta.url).href)};
  import { runOrigin } from ${JSON.stringify(new URL('./run-origin.ts', import.meta.url).href)};
  import { listenEnvNames, listenSettings, readSettings } from ${JSON.stringify(
    new URL('./settings.ts', import.meta.url).href,
  )};
  const schema = z.strictObject(listenSettings(4000));
  const settings = await readSettings({ name: 'test', schema, envNames: listenEnvNames });
  const { ACCESS_LOG: file } = process.env;
  const app = createOrigin({ name: 'test', accessLog: file === undefined ? 'off' : { file } });
  app.get('/never', () => new Promise(() => console.log('asked')));
  const onClosed = async () => console.log('closed');
  const start = async () => {
    if (process.env.HANGS) await new Promise(() => setInterval(() => console.log('starting'), 50));
    return { origin: app, onClosed };
  };
  await runOrigin({ name: 'test', ...settings, lingerMs: 0, start });
`;

function start(t: TestContext, env: Record<string, string>, hasParent = false): ChildProcess {
  const child = spawn(
    process.execPath,
    ['--input-type=module-typescript', '--disable-warning=ExperimentalWarning', '-e', program],
    {
      cwd: new URL('.', import.meta.url),
      env: { PATH: process.env.PATH, HOST: '127.0.0.1', PORT: '0', ...env },
      stdio: ['ignore', 'pipe', 'pipe', hasParent ? 'ipc' : 'ignore'],
    },
  );
  t.after(() => child.kill('SIGKILL'));
  return child;
}

/** Resolves with what `pattern` finds in the child's output, from now on. */
function printed(child: ChildProcess, pattern: RegExp): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  let out = '';
  child.stdout?.setEncoding('utf8').on('data', (chunk: string) => {
    out += chunk;
    const [, found] = out.match(pattern) ?? [];
    if (found !== undefined) resolve(found);
  });
  child.once('exit', () => reject(new Error(`exited before it printed ${pattern}: ${out}`)));
  return promise;
}

const listening = /listening on (\S+)\n/;

test('SIGTERM drains, closes what the app holds, and exits 0', async (t) => {
  const child = start(t, {});
  const url = await printed(child, listening);
  assert.equal((await fetch(`${url}/health`)).status, 200);
  const closed = printed(child, /(closed)/);
  child.kill('SIGTERM');
  const [exit] = await Promise.all([once(child, 'exit'), closed]);
  assert.deepEqual(exit, [0, null]);
});

test('HUP opens the access log anew, after its file was moved away', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'origin-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'access.log');
  const child = start(t, { ACCESS_LOG: file });
  const url = await printed(child, listening);
  await fetch(`${url}/health`);
  renameSync(file, `${file}.1`);
  child.kill('SIGHUP');
  while (!existsSync(file)) await sleep(5);
  await fetch(`${url}/ready`);
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  assert.match(readFileSync(`${file}.1`, 'utf8'), /"path":"\/health"/);
  assert.match(readFileSync(file, 'utf8'), /"path":"\/ready"/);
});

test('a second signal cuts what the first is waiting for', async (t) => {
  const child = start(t, { DRAIN_TIMEOUT: '1h' });
  const url = await printed(child, listening);
  const asked = printed(child, /(asked)/);
  const answer = assert.rejects(fetch(`${url}/never`));
  await asked;
  child.kill('SIGINT');
  // The first signal has been taken once no connection is accepted any more.
  while (await fetch(`${url}/health`).catch(() => undefined));
  child.kill('SIGINT');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
  await answer;
});

test('a signal during the start ends it, with exit code 0', async (t) => {
  for (const signal of ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const) {
    const child = start(t, { HANGS: 'yes' });
    await printed(child, /(starting)/);
    child.kill(signal);
    assert.deepEqual(await once(child, 'exit'), [0, null]);
  }
});

test('an origin whose parent is gone leaves too', async (t) => {
  const child = start(t, {}, true);
  await printed(child, listening);
  child.disconnect();
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('a busy port is one line and exit code 1', async (t) => {
  const holder = createServer().listen(0, '127.0.0.1');
  t.after(() => holder.close());
  await once(holder, 'listening');
  const { port } = holder.address() as AddressInfo;
  const child = start(t, { PORT: String(port) });
  const [lines, exit] = await Promise.all([stderr(child), once(child, 'exit')]);
  assert.equal(
    lines,
    `test: port ${port} on 127.0.0.1 is already in use; set PORT to a free one\n`,
  );
  assert.deepEqual(exit, [1, null]);
});

test('all problems with the environment are printed at once, and exit code 1', async (t) => {
  const child = start(t, { PORT: 'x', DRAIN_TIMEOUT: '5' });
  const [lines, exit] = await Promise.all([stderr(child), once(child, 'exit')]);
  assert.match(lines, /^test cannot start:\n/);
  assert.match(lines, /PORT/);
  assert.match(lines, /DRAIN_TIMEOUT/);
  assert.deepEqual(exit, [1, null]);
});

function stderr({ stderr: stream }: ChildProcess): Promise<string> {
  return stream ? text(stream) : Promise.resolve('');
}
