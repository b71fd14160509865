import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';

/** All ports of the stack, moved by this, stay below the range client sockets are taken from. */
const offset = 11_000 + Math.floor(Math.random() * 10_000);
const PORTS = [8080, 9090, 4001, 4002, 4003, 4004, 4100].map((port) => port + offset);

/** What the database keeps; the tests that follow find it as it was left. */
const folder = mkdtempSync(join(tmpdir(), 'headgate-dev-'));
after(() => rmSync(folder, { recursive: true, force: true }));

interface Dev {
  readonly child: ChildProcess;
  text(): string;
}

function startDev(): Dev {
  const child = spawn(process.execPath, ['scripts/dev.ts'], {
    env: {
      ...process.env,
      DEV_PORT_OFFSET: String(offset),
      DEV_FOLDER: folder,
      REDIS_URL: '',
      DATABASE_URL: '',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk: Buffer) => {
      text += chunk;
    });
  }
  return { child, text: () => text };
}

async function untilPrinted(dev: Dev, words: string): Promise<void> {
  while (!dev.text().includes(words)) {
    if (dev.child.exitCode !== null) assert.fail(`it ended:\n${dev.text()}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  return new Promise((resolve) => {
    server.once('error', () => resolve(false));
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
}

test('one command starts everything, prints one block, and Ctrl-C leaves nothing behind', async () => {
  const dev = startDev();
  await untilPrinted(dev, 'Ctrl-C stops everything.');
  assert.match(dev.text(), new RegExp(`proxy {4}http://127\\.0\\.0\\.1:${8080 + offset}\\n`));
  assert.match(dev.text(), new RegExp(`status {3}http://127\\.0\\.0\\.1:${9090 + offset}/\\n`));
  const lines = dev.text().match(/^ {2}curl .*$/gm) ?? [];
  assert.equal(lines.length, 4);
  for (const line of lines) {
    const url = /http:[^' ]+/.exec(line)?.[0] as string;
    const answer = await fetch(url);
    assert.equal(answer.status, 200, url);
    if (!url.endsWith('/ticks')) await answer.body?.cancel();
  }

  dev.child.kill('SIGINT');
  const [code] = await once(dev.child, 'exit');
  assert.equal(code, 0, dev.text());
  for (const port of PORTS) assert.ok(await isFree(port), `port ${port} is still taken`);
  assert.deepEqual(dev.text().trim().split('\n').slice(-2), ['', 'stopping']);
});

test('a busy port is one line that names the port and the setting', async () => {
  const port = 4002 + offset;
  const other = createServer().listen(port, '127.0.0.1');
  await once(other, 'listening');
  const dev = startDev();
  const [code] = await once(dev.child, 'exit');
  other.close();
  assert.equal(code, 1);
  assert.equal(
    dev.text(),
    `port ${port} (PORT of items-2) is in use by another process; stop it, or move every port: DEV_PORT_OFFSET=100 pnpm dev\n`,
  );
});

test('when it is killed outright, the stack goes with it', async () => {
  const dev = startDev();
  await untilPrinted(dev, 'Ctrl-C stops everything.');
  dev.child.kill('SIGKILL');
  await once(dev.child, 'exit');
  const deadlineMs = performance.now() + 30_000;
  for (const port of PORTS) {
    while (!(await isFree(port))) {
      assert.ok(performance.now() < deadlineMs, `port ${port} is still taken`);
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
});
