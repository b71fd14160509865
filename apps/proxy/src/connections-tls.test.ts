import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { upstreamAddressOf } from './address.ts';
import { createClock } from './clock.test-support.ts';
import { listenOn, settingsFor, Taker } from './connections.test-support.ts';
import { Connections } from './connections.ts';

const hasOpenssl = spawnSync('openssl', ['version']).error === undefined;
const skip = hasOpenssl ? false : 'openssl, which makes the certificate, is not installed';

test('TLS upstreams are asked for by their own name, or the one they were given', {
  skip,
}, async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'headgate-tls-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const key = join(folder, 'key.pem');
  const cert = join(folder, 'cert.pem');
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', key, '-out', cert];
  spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...subject]);
  const names: unknown[] = [];
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) });
  server.on('tlsClientError', (_error, socket) => names.push(socket.servername));
  const port = await listenOn(server, t);
  const clock = createClock(t);
  const given = upstreamAddressOf(`https://127.0.0.1:${port}`, 'items.example.com');
  for (const [changes, name] of [
    [{}, 'localhost'],
    [{ address: given }, 'items.example.com'],
  ] as const) {
    const settings = settingsFor(`https://localhost:${port}`, changes);
    const connections = new Connections(settings, clock.timers);
    const refused = once(server, 'tlsClientError');
    // The certificate is nobody's, so the handshake ends there; what was asked for is known by
    // then.
    const taker = new Taker();
    connections.take(taker);
    await taker.told;
    assert.equal(taker.refusal, 'connect-failed');
    assert.equal((taker.error as NodeJS.ErrnoException).code, 'DEPTH_ZERO_SELF_SIGNED_CERT');
    await refused;
    assert.equal(names.at(-1), name);
    await connections.close();
  }
});
