/** Sockets that systemd has opened: whoever comes while nobody serves waits, and is served. */
import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { test } from 'node:test';
import { writeConfig } from '../support/config-file.ts';
import { eventually, soon } from '../support/eventually.ts';
import { freePort } from '../support/free-port.ts';
import { headgateMain } from '../support/headgate-command.ts';
import { startQuickOrigin } from '../support/quick-origin.ts';
import { get } from '../support/raw-client.ts';

const skip = spawnSync('systemd-socket-activate', ['--version']).error
  ? 'systemd-socket-activate is not installed'
  : false;

test('a request that comes before the edge was started is answered by it', { skip }, async () => {
  await using origin = await startQuickOrigin();
  const port = await freePort();
  await using file = await writeConfig(
    JSON.stringify({
      listeners: [{ address: `127.0.0.1:${port}` }],
      services: { app: { upstreams: [{ url: origin.url }] } },
      routes: [{ service: 'app' }],
      logLevel: 'warn',
    }),
  );
  const args = ['-l', `127.0.0.1:${port}`, process.execPath, headgateMain, 'run'];
  // It starts the edge, in its own place, when the first connection comes.
  const child = spawn('systemd-socket-activate', [...args, '--config', file.path], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      text += chunk;
    });
  }
  try {
    const { status } = await eventually(() => get(port));
    assert.equal(status, 200, text);
    assert.match(text, new RegExp(`listening on http://127.0.0.1:${port}\\n`));
    const exited = once(child, 'exit');
    child.kill('SIGTERM');
    const [code] = await soon(exited, 'the end of the edge');
    assert.equal(code, 0, text);
  } finally {
    child.kill('SIGKILL');
  }
});
