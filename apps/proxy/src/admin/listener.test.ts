import assert from 'node:assert/strict';
import { once } from 'node:events';
import { stat } from 'node:fs/promises';
import { connect } from 'node:net';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { Script } from 'node:vm';
import { leaveSocketAt, socketPathFor } from '../socket-path.test-support.ts';
import { ask, change, fakeControl, openAdmin, TOKEN, WITH_TOKEN } from './control.test-support.ts';

describe('the admin listener', () => {
  it('tells the port it got, and answers there', async (t) => {
    const { admin } = await openAdmin(t);
    assert.notEqual((admin.endpoint as { port: number }).port, 0);
    const { status, headers, text } = await ask(admin, '/health');
    assert.equal(status, 200);
    assert.equal(headers['content-type'], 'application/json');
    assert.deepEqual(JSON.parse(text), { status: 'ok' });
  });

  it('answers on a Unix socket that only its user may connect to', async (t) => {
    const path = await socketPathFor(t);
    const { admin } = await openAdmin(t, { endpoint: { kind: 'unix', path } });
    assert.deepEqual(admin.endpoint, { kind: 'unix', path });
    assert.equal((await ask(admin, '/health')).status, 200);
    assert.equal((await stat(path)).mode & 0o777, 0o600);
  });

  it('leaves the permissions of other files as they were', async (t) => {
    const before = process.umask(0o022);
    t.after(() => process.umask(before));
    await openAdmin(t, { endpoint: { kind: 'unix', path: await socketPathFor(t) } });
    assert.equal(process.umask(0o022), 0o022);
  });

  it('cannot have a port that is taken, and says so', async (t) => {
    const { admin } = await openAdmin(t);
    const { port } = admin.endpoint as { port: number };
    await assert.rejects(openAdmin(t, { endpoint: admin.endpoint }), {
      message: `127.0.0.1:${port} (admin.address) is in use by another process; stop it or change the address`,
    });
  });

  it('replaces a socket that a killed process has left behind', async (t) => {
    const path = await socketPathFor(t);
    await leaveSocketAt(path);
    const { admin } = await openAdmin(t, { endpoint: { kind: 'unix', path } });
    assert.equal((await ask(admin, '/health')).status, 200);
  });

  it('leaves the socket of another process alone, and says so', async (t) => {
    const path = await socketPathFor(t);
    const { admin } = await openAdmin(t, { endpoint: { kind: 'unix', path } });
    await assert.rejects(openAdmin(t, { endpoint: { kind: 'unix', path } }), (error: Error) => {
      assert.ok(error.message.startsWith(`unix:${path} (admin.address) is in use`), error.message);
      return true;
    });
    assert.equal((await ask(admin, '/health')).status, 200);
  });

  it('says which folder is missing for its socket', async (t) => {
    const path = `${await socketPathFor(t)}.d/admin.sock`;
    await assert.rejects(
      openAdmin(t, { endpoint: { kind: 'unix', path } }),
      /its folder must exist/,
    );
  });

  it('closes though a client keeps its connection', async (t) => {
    const { admin } = await openAdmin(t);
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

describe('a change that closes the admin listener', () => {
  it('is answered, on a connection that ends with it', async (t) => {
    const closing: { act?: () => Promise<void> } = {};
    const reload = async () => {
      await closing.act?.();
      return { ok: true, changed: ['admin is elsewhere'] } as const;
    };
    const { admin } = await openAdmin(t, { control: fakeControl({ reload }), token: TOKEN });
    closing.act = () => admin.close();
    const answer = await change(admin, '/api/reload', {}, WITH_TOKEN);
    assert.equal(answer.status, 200);
    assert.equal(answer.headers.connection, 'close');
    await assert.rejects(ask(admin, '/health'), { code: 'ECONNREFUSED' });
  });
});

describe('what the admin listener shows', () => {
  it('is ready only as long as the edge is', async (t) => {
    let isReady = true;
    let isDraining = false;
    const plain = fakeControl();
    const control = {
      ...plain,
      isReady: () => isReady,
      status: () => ({ ...plain.status(), isDraining }),
    };
    const { admin } = await openAdmin(t, { control });
    assert.equal((await ask(admin, '/ready')).status, 200);
    isReady = false;
    const starting = await ask(admin, '/ready');
    assert.equal(starting.status, 503);
    assert.deepEqual(JSON.parse(starting.text), { status: 'starting' });
    isDraining = true;
    assert.deepEqual(JSON.parse((await ask(admin, '/ready')).text), { status: 'draining' });
  });

  it('is what the control counts, as metrics', async (t) => {
    const { admin } = await openAdmin(t);
    const { headers, text } = await ask(admin, '/metrics?since=ever');
    assert.match(`${headers['content-type']}`, /^text\/plain/);
    assert.match(text, /^things_total 1$/m);
  });

  for (const [path, member] of [
    ['/api/status', 'operator'],
    ['/api/workers', 'workers'],
    ['/api/services', 'services'],
    ['/api/cache', 'entries'],
    ['/api/config', 'config'],
    ['/api/audit', 'entries'],
  ] as const) {
    it(`is ${path} as JSON that nobody keeps, without a token`, async (t) => {
      const { admin } = await openAdmin(t, { token: TOKEN });
      const { status, headers, text } = await ask(admin, path);
      assert.equal(status, 200);
      assert.equal(headers['cache-control'], 'no-store');
      assert.ok(member in (JSON.parse(text) as object));
    });
  }

  it('is the configuration without its secret', async (t) => {
    const { admin } = await openAdmin(t);
    const { text } = await ask(admin, '/api/config');
    assert.ok(!text.includes(TOKEN));
    const { config } = JSON.parse(text) as { config: { admin: object } };
    assert.deepEqual(config.admin, { address: '127.0.0.1:9090', token: '<secret>' });
  });

  it('is a page for people', async (t) => {
    const { admin } = await openAdmin(t);
    const { headers, text } = await ask(admin, '/');
    assert.match(`${headers['content-type']}`, /^text\/html/);
    assert.match(text, /^<!doctype html>/i);
    const script = /<script>([\s\S]*)<\/script>/.exec(text)?.[1];
    assert.doesNotThrow(() => new Script(`${script}`));
  });

  it('says what went wrong when it cannot be told', async (t) => {
    const services = () => Promise.reject(new Error('no worker answered'));
    const { admin } = await openAdmin(t, { control: fakeControl({ services }) });
    const { status, text } = await ask(admin, '/api/services');
    assert.equal(status, 500);
    assert.equal((JSON.parse(text) as { detail: string }).detail, 'no worker answered');
  });

  it('is nothing else, and each in its own way only', async (t) => {
    const { admin } = await openAdmin(t);
    const post = await ask(admin, '/health', { method: 'POST' });
    assert.equal(post.status, 405);
    assert.equal(post.headers.allow, 'GET, HEAD');
    const get = await ask(admin, '/api/reload');
    assert.equal(get.status, 405);
    assert.equal(get.headers.allow, 'POST');
    const unknown = await ask(admin, '/secrets');
    assert.equal(unknown.status, 404);
    assert.equal(unknown.headers['content-type'], 'application/problem+json');
  });

  it('has no body for HEAD, but its length', async (t) => {
    const { admin } = await openAdmin(t);
    const { headers, text } = await ask(admin, '/health', { method: 'HEAD' });
    assert.equal(text, '');
    assert.equal(headers['content-length'], `${(await ask(admin, '/health')).text.length}`);
  });
});
