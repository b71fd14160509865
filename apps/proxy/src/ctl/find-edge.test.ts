import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ProxyConfigInput } from '../config.ts';
import { files } from './ctl.test-support.ts';
import { type FindEdgeDeps, findEdge, type Wanted } from './find-edge.ts';

const TOKEN = 'correct-horse-battery';

function config(admin?: ProxyConfigInput['admin']): ProxyConfigInput {
  return {
    listeners: [{ address: '127.0.0.1:8080' }],
    services: { items: { upstreams: [{ url: 'http://127.0.0.1:4001' }] } },
    routes: [{ service: 'items' }],
    ...(admin && { admin }),
  };
}

const load = files({
  'a.yaml': config({ address: '0.0.0.0:9090', token: TOKEN }),
  'six.yaml': config({ address: '[::]:9090' }),
  'any.yaml': config({ address: '127.0.0.1:0' }),
  'none.yaml': config(),
});

async function found(wanted: Wanted, env: FindEdgeDeps['env'] = {}): Promise<string> {
  const edge = await findEdge(wanted, { env, load });
  assert.ok(edge.ok, 'expected the edge to be found');
  const { endpoint, token } = edge;
  const place = endpoint.kind === 'unix' ? endpoint.path : `${endpoint.host} ${endpoint.port}`;
  return `${place} ${token ?? 'without token'}`;
}

async function lost(wanted: Wanted): Promise<string> {
  const edge = await findEdge(wanted, { env: {}, load });
  assert.ok(!edge.ok, 'expected no edge to be found');
  return edge.why;
}

const env = { HEADGATE_ADMIN_ADDRESS: '127.0.0.1:7000', HEADGATE_ADMIN_TOKEN: 'of-environment' };

describe('the edge that is meant', () => {
  it('is the one on the command line, with its token', async () => {
    const wanted = { adminAddress: 'unix:/run/a.sock', token: 'given' };
    assert.equal(await found({ ...wanted, configFile: 'a.yaml' }, env), '/run/a.sock given');
  });

  it('is the one of the environment otherwise', async () => {
    assert.equal(await found({ configFile: 'a.yaml' }, env), '127.0.0.1 7000 of-environment');
    assert.equal(await found({ adminAddress: '127.0.0.1:1' }, env), '127.0.0.1 1 of-environment');
  });

  it('is the one of the file otherwise, from this machine', async () => {
    assert.equal(await found({ configFile: 'a.yaml' }), `127.0.0.1 9090 ${TOKEN}`);
    assert.equal(await found({ configFile: 'six.yaml' }), '::1 9090 without token');
  });

  it('has the token of the file, wherever it is', async () => {
    const wanted = { adminAddress: '127.0.0.1:1', configFile: 'a.yaml' };
    assert.equal(await found(wanted), `127.0.0.1 1 ${TOKEN}`);
  });

  it('is asked by its address though the file is broken', async () => {
    const wanted = { adminAddress: '127.0.0.1:1', configFile: 'broken.yaml' };
    assert.equal(await found(wanted), '127.0.0.1 1 without token');
  });

  it('is nobody knows which', async () => {
    assert.match(await lost({}), /^no --admin ADDRESS, no --config FILE/);
    assert.match(await lost({ configFile: 'none.yaml' }), /^none.yaml has no admin section/);
    assert.match(await lost({ configFile: 'any.yaml' }), /says nothing of the port/);
    assert.match(await lost({ configFile: 'broken.yaml' }), /--admin.*\nbroken.yaml/);
    assert.match(await lost({ adminAddress: 'nowhere' }), /^--admin: expected host:port/);
  });
});
