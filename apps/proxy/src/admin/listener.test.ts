import assert from 'node:assert/strict';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createRegistry } from '@headgate/telemetry';
import type { Endpoint } from '../address.ts';
import type { Snapshot } from '../snapshot.ts';
import { leaveSocketAt, socketPathFor } from '../socket-path.test-support.ts';
import { type AdminDeps, type AdminListener, startAdmin } from './listener.ts';

const LOOPBACK: Endpoint = { kind: 'tcp', host: '127.0.0.1', port: 0 };

/** A snapshot without services. */
const empty = { services: new Map() } as unknown as Snapshot;

/** Opens one that is closed after the test. */
async function open(
  t: TestContext,
  endpoint: Endpoint = LOOPBACK,
  deps: Partial<AdminDeps> = {},
): Promise<AdminListener> {
  const admin = await startAdmin(endpoint, {
    snapshot: () => empty,
    registry: createRegistry(),
    isReady: () => true,
    ...deps,
  });
  t.after(() => admin.close());
  return admin;
}

interface Answer {
  readonly status: number | undefined;
  readonly headers: NodeJS.Dict<string | string[]>;
  readonly text: string;
}

function ask({ endpoint }: AdminListener, path: string, method = 'GET'): Promise<Answer> {
  const place =
    endpoint.kind === 'unix'
      ? { socketPath: endpoint.path }
      : { host: endpoint.host, port: endpoint.port };
  return new Promise((resolve, reject) => {
    const asked = request({ ...place, path, method, agent: false }, (answer) => {
      let text = '';
      answer.setEncoding('utf8');
      answer.on('data', (piece: string) => {
        text += piece;
      });
      answer.once('end', () => {
        resolve({ status: answer.statusCode, headers: answer.headers, text });
      });
    });
    asked.once('error', reject);
    asked.end();
  });
}

describe('the admin listener', () => {
  it('tells the port it got, and answers there', async (t) => {
    const admin = await open(t);
    assert.notEqual((admin.endpoint as { port: number }).port, 0);
    const { status, headers, text } = await ask(admin, '/health');
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'application/json');
    assert.deepEqual(JSON.parse(text), { status: 'ok' });
  });

  it('answers on a Unix socket as well', async (t) => {
    const path = await socketPathFor(t);
    const admin = await open(t, { kind: 'unix', path });
    assert.deepEqual(admin.endpoint, { kind: 'unix', path });
    assert.equal((await ask(admin, '/health')).status, 200);
  });

  it('cannot have a port that is taken, and says so', async (t) => {
    const { endpoint } = await open(t);
    const { port } = endpoint as { port: number };
    await assert.rejects(open(t, endpoint), {
      message: `127.0.0.1:${port} (admin.address) is in use by another process; stop it or change the address`,
    });
  });

  it('cannot have a socket that is there already, and says what to do about it', async (t) => {
    const path = await socketPathFor(t);
    await leaveSocketAt(path);
    await assert.rejects(open(t, { kind: 'unix', path }), (error: Error) => {
      assert.ok(error.message.startsWith(`unix:${path} (admin.address) is in use`), error.message);
      assert.match(error.message, /remove the file/);
      return true;
    });
  });

  it('closes though a client keeps its connection', async (t) => {
    const admin = await open(t);
    const { port } = admin.endpoint as { port: number };
    const client = connect({ host: '127.0.0.1', port });
    t.after(() => client.destroy());
    client.on('error', () => {});
    const closed = new Promise((resolve) => client.once('close', resolve));
    client.write('GET /health HTTP/1.1\r\nHost: a\r\n\r\n');
    await once(client, 'data');
    // In the middle of its next request, or it would be closed as an idle one.
    client.write('GET /he');
    for (let i = 0; i < 5; i++) await turn();
    await admin.close();
    await closed;
    await assert.rejects(ask(admin, '/health'), { code: 'ECONNREFUSED' });
  });
});

describe('what the admin listener serves', () => {
  it('is ready only as long as the edge is', async (t) => {
    let isReady = true;
    const admin = await open(t, LOOPBACK, { isReady: () => isReady });
    assert.equal((await ask(admin, '/ready')).status, 200);
    isReady = false;
    const { status, text } = await ask(admin, '/ready');
    assert.equal(status, 503);
    assert.deepEqual(JSON.parse(text), { status: 'draining' });
  });

  it('is what the registry has, as metrics', async (t) => {
    const registry = createRegistry();
    registry.counter({ name: 'things_total', help: 'Things.', labelNames: [] }).labels().inc();
    const admin = await open(t, LOOPBACK, { registry });
    const { headers, text } = await ask(admin, '/metrics?since=ever');
    assert.match(`${headers['content-type']}`, /^text\/plain/);
    assert.match(text, /^things_total 1$/m);
  });

  it('is the snapshot of the moment, as JSON', async (t) => {
    const admin = await open(t);
    const { status, headers, text } = await ask(admin, '/api/services');
    assert.equal(status, 200);
    assert.equal(headers['cache-control'], 'no-store');
    assert.doesNotThrow(() => JSON.parse(text));
  });

  it('is a page for people', async (t) => {
    const { headers, text } = await ask(await open(t), '/');
    assert.match(`${headers['content-type']}`, /^text\/html/);
    assert.match(text, /^<!doctype html>/i);
  });

  it('is read only, and nothing else', async (t) => {
    const admin = await open(t);
    const post = await ask(admin, '/health', 'POST');
    assert.equal(post.status, 405);
    assert.equal(post.headers.allow, 'GET, HEAD');
    const unknown = await ask(admin, '/secrets');
    assert.equal(unknown.status, 404);
    assert.equal(unknown.headers['content-type'], 'application/problem+json');
  });

  it('has no body for HEAD, but its length', async (t) => {
    const admin = await open(t);
    const { headers, text } = await ask(admin, '/health', 'HEAD');
    assert.equal(text, '');
    assert.equal(headers['content-length'], `${(await ask(admin, '/health')).text.length}`);
  });
});
