import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { createConnections, tlsNameOf } from './connections.ts';

const hasOpenssl = spawnSync('openssl', ['version']).error === undefined;
const skip = hasOpenssl ? false : 'openssl, which makes the certificate, is not installed';

test('addresses have no name to ask for, hosts have their own', () => {
  assert.equal(tlsNameOf(new URL('https://api.example.com:8443')), 'api.example.com');
  assert.equal(tlsNameOf(new URL('https://127.0.0.1')), undefined);
  assert.equal(tlsNameOf(new URL('https://[::1]:8443')), undefined);
});

test('TLS upstreams are asked for by their own name, whatever the client calls them', {
  skip,
}, async () => {
  const directory = mkdtempSync(join(tmpdir(), 'tls-'));
  const [key, cert] = ['key.pem', 'cert.pem'].map((name) => join(directory, name)) as [
    string,
    string,
  ];
  const subject = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  const files = ['-keyout', key, '-out', cert];
  spawnSync('openssl', ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', ...files, ...subject]);
  const names: unknown[] = [];
  const server = createServer({ key: readFileSync(key), cert: readFileSync(cert) });
  server.on('tlsClientError', (_error, socket) => names.push(socket.servername));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const connections = createConnections({
    origin: `https://localhost:${port}`,
    connectTimeoutMs: 5_000,
    keepAliveMs: 1_000,
    headSizeBytes: 16_384,
  });

  // The certificate is nobody's, so the handshake ends there; what was asked for is known by then.
  await assert.rejects(
    connections.dispatcher.request({
      method: 'GET',
      path: '/',
      headers: { host: 'shop.example.com' },
    }),
    { code: 'DEPTH_ZERO_SELF_SIGNED_CERT' },
  );
  if (names.length === 0) await once(server, 'tlsClientError');
  assert.deepEqual(names, ['localhost']);
  await connections.close();
  server.close();
  rmSync(directory, { recursive: true });
});
