import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { socketPathFor } from '../socket-path.test-support.ts';
import {
  type Answered,
  ask,
  change,
  FIRST,
  FIRST_PATH,
  fakeControl,
  openAdmin,
  TOKEN,
  WITH_TOKEN,
} from './control.test-support.ts';

interface Problem {
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly field?: string;
}

function problemOf(answer: Answered): Problem {
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  return JSON.parse(answer.text) as Problem;
}

describe('a change through the admin listener', () => {
  it('is carried out, told and recorded', async (t) => {
    const control = fakeControl();
    const { admin, audit } = await openAdmin(t, { control, token: TOKEN });
    const answer = await change(admin, FIRST_PATH, { action: 'drain' }, WITH_TOKEN);
    assert.equal(answer.status, 200);
    assert.deepEqual(JSON.parse(answer.text), { changed: [`${FIRST} is draining`] });
    assert.deepEqual(audit.entries, [
      {
        at: 1_700_000_000_000,
        actor: 'admin 127.0.0.1',
        action: 'drain',
        target: `items ${FIRST}`,
        result: 'done',
        changed: [`${FIRST} is draining`],
      },
    ]);
    assert.deepEqual(control.operatorEntries(), [
      { service: 'items', upstream: FIRST, state: 'draining', isPresent: true },
    ]);
  });

  for (const [path, body, call] of [
    ['/api/reload', {}, 'reload by admin 127.0.0.1'],
    ['/api/restart', {}, 'restart by admin 127.0.0.1'],
    ['/api/scale', { workers: 4 }, 'scale 4 by admin 127.0.0.1'],
    [
      FIRST_PATH,
      { action: 'weight', weight: 0.5 },
      `{"service":"items","upstream":"${FIRST}","action":"weight","weight":0.5} by admin 127.0.0.1`,
    ],
    [
      FIRST_PATH,
      { action: 'weight', weight: null },
      `{"service":"items","upstream":"${FIRST}","action":"weight"} by admin 127.0.0.1`,
    ],
    [
      FIRST_PATH,
      { action: 'disable' },
      `{"service":"items","upstream":"${FIRST}","action":"disable"} by admin 127.0.0.1`,
    ],
    [
      '/api/cache/purge',
      { url: 'http://a.example/items' },
      'purge {"kind":"url","url":"http://a.example/items"} by admin 127.0.0.1',
    ],
    [
      '/api/cache/purge',
      { tag: 'items' },
      'purge {"kind":"tags","tags":["items"]} by admin 127.0.0.1',
    ],
    ['/api/cache/purge', { all: true }, 'purge {"kind":"all"} by admin 127.0.0.1'],
  ] as const) {
    it(`is asked of the control: POST ${path} ${JSON.stringify(body)}`, async (t) => {
      const control = fakeControl();
      const { admin } = await openAdmin(t, { control, token: TOKEN });
      assert.equal((await change(admin, path, body, WITH_TOKEN)).status, 200);
      assert.deepEqual(control.calls, [call]);
    });
  }

  it('needs no body where there is nothing to say', async (t) => {
    const { admin } = await openAdmin(t, { token: TOKEN });
    const headers = { 'content-type': 'application/json', ...WITH_TOKEN };
    assert.equal((await ask(admin, '/api/reload', { method: 'POST', headers })).status, 200);
  });

  it('that the control refuses is refused with its reason, and recorded', async (t) => {
    const control = fakeControl({
      reload: async () => ({ ok: false, status: 422, why: '\na.yaml:3  workers: wrong' }),
    });
    const { admin, audit } = await openAdmin(t, { control, token: TOKEN });
    const answer = await change(admin, '/api/reload', {}, WITH_TOKEN);
    assert.equal(answer.status, 422);
    assert.equal(problemOf(answer).detail, 'a.yaml:3  workers: wrong');
    const [entry] = audit.entries;
    assert.equal(entry?.result, 'refused');
    assert.equal(entry?.why, 'a.yaml:3  workers: wrong');
  });

  it('is a purge that says how far it has come, and is recorded', async (t) => {
    const { admin, audit } = await openAdmin(t, { token: TOKEN });
    const answer = await change(admin, '/api/cache/purge', { tags: ['a', 'b'] }, WITH_TOKEN);
    const told = { changed: ['tags is forgotten'], workers: 2, reach: 'here' };
    assert.deepEqual(JSON.parse(answer.text), told);
    const [{ action, target, result } = {}] = audit.entries;
    assert.deepEqual([action, target, result], ['purge', 'tags a, b', 'done']);
  });

  it('is a purge that not every worker has taken, and fails', async (t) => {
    const purge = async () => ({ ok: false, status: 503, why: 'worker 2 is silent' }) as const;
    const control = fakeControl({ purge });
    const { admin, audit } = await openAdmin(t, { control, token: TOKEN });
    const answer = await change(admin, '/api/cache/purge', { all: true }, WITH_TOKEN);
    assert.equal(answer.status, 503);
    assert.equal(problemOf(answer).detail, 'worker 2 is silent');
    assert.equal(audit.entries[0]?.result, 'failed');
  });

  it('that fails inside the edge is recorded as well', async (t) => {
    const control = fakeControl({ restart: () => Promise.reject(new Error('out of processes')) });
    const { admin, audit } = await openAdmin(t, { control, token: TOKEN });
    const answer = await change(admin, '/api/restart', {}, WITH_TOKEN);
    assert.equal(answer.status, 500);
    assert.equal(problemOf(answer).detail, 'out of processes');
    assert.equal(audit.entries[0]?.result, 'failed');
  });

  it('of an upstream that is not there names the nearest', async (t) => {
    const { admin } = await openAdmin(t, { token: TOKEN });
    const path = FIRST_PATH.replace('4001', '4009');
    const answer = await change(admin, path, { action: 'drain' }, WITH_TOKEN);
    assert.equal(answer.status, 404);
    assert.match(problemOf(answer).detail, /did you mean "http:\/\/127\.0\.0\.1:400[12]"\?/);
  });

  const invalid: [path: string, body: string, field: string | undefined, detail: RegExp][] = [
    [FIRST_PATH, '{"action":"explode"}', 'action', /expected "drain".*got "explode"/],
    [FIRST_PATH, '{}', 'action', /got nothing/],
    [FIRST_PATH, '{"action":"weight","weight":0}', 'weight', /above 0.*got 0/],
    [FIRST_PATH, '{"action":"weight","weight":1001}', 'weight', /up to 1000/],
    [FIRST_PATH, '{"action":"weight","weight":"2"}', 'weight', /got "2"/],
    [FIRST_PATH, '{"action":"drain","weight":2}', 'weight', /drain takes no weight/],
    [FIRST_PATH, '{"action":"drain","when":"now"}', 'when', /got "when"/],
    ['/api/scale', '{}', 'workers', /from 1 to 256, got nothing/],
    ['/api/scale', '{"workers":0}', 'workers', /got 0/],
    ['/api/scale', '{"workers":257}', 'workers', /got 257/],
    ['/api/scale', '{"workers":1.5}', 'workers', /got 1\.5/],
    ['/api/cache/purge', '{}', undefined, /exactly one of/],
    ['/api/cache/purge', '{"all":"yes"}', 'all', /expected true, got "yes"/],
    ['/api/reload', '{"file":"other.yaml"}', 'file', /takes no "file"/],
    ['/api/reload', '[1]', undefined, /JSON object/],
    ['/api/reload', '{"a', undefined, /no JSON/],
  ];
  for (const [path, body, field, detail] of invalid) {
    it(`is refused when it makes no sense: ${path} ${body}`, async (t) => {
      const control = fakeControl();
      const { admin } = await openAdmin(t, { control, token: TOKEN });
      const headers = { 'content-type': 'application/json', ...WITH_TOKEN };
      const answer = await ask(admin, path, { method: 'POST', headers, body });
      assert.equal(answer.status, 400);
      const problem = problemOf(answer);
      assert.equal(problem.field, field);
      assert.match(problem.detail, detail);
      assert.deepEqual(control.calls, []);
    });
  }

  it('of more than 64 KiB is refused, and the refusal arrives', async (t) => {
    const { admin } = await openAdmin(t, { token: TOKEN });
    const headers = { 'content-type': 'application/json', ...WITH_TOKEN };
    const body = `{"a":"${'x'.repeat(70_000)}"}`;
    const answer = await ask(admin, '/api/reload', { method: 'POST', headers, body });
    assert.equal(answer.status, 413);
  });
});

describe('who may change something', () => {
  it('is nobody over TCP without a configured token, and it says how to get one', async (t) => {
    const control = fakeControl();
    const { admin } = await openAdmin(t, { control });
    const answer = await change(admin, '/api/reload', {}, WITH_TOKEN);
    assert.equal(answer.status, 403);
    assert.match(problemOf(answer).detail, /set admin\.token/);
    assert.deepEqual(control.calls, []);
  });

  it('is whoever may connect to the Unix socket, without a configured token', async (t) => {
    const control = fakeControl();
    const endpoint = { kind: 'unix', path: await socketPathFor(t) } as const;
    const { admin } = await openAdmin(t, { control, endpoint });
    assert.equal((await change(admin, '/api/reload')).status, 200);
    assert.deepEqual(control.calls, ['reload by admin unix']);
  });

  it('is who has the token, on a Unix socket as well when there is one', async (t) => {
    const endpoint = { kind: 'unix', path: await socketPathFor(t) } as const;
    const { admin } = await openAdmin(t, { endpoint, token: TOKEN });
    assert.equal((await change(admin, '/api/reload')).status, 401);
    assert.equal((await change(admin, '/api/reload', {}, WITH_TOKEN)).status, 200);
  });

  it('is not who has no token or another', async (t) => {
    const control = fakeControl();
    const { admin, audit } = await openAdmin(t, { control, token: TOKEN });
    for (const authorization of ['', 'Bearer', `Basic ${TOKEN}`, `Bearer ${TOKEN}x`, 'Bearer x']) {
      const answer = await change(admin, '/api/reload', {}, { authorization });
      assert.equal(answer.status, 401, authorization);
      assert.match(`${answer.headers['www-authenticate']}`, /^Bearer/);
    }
    assert.deepEqual(control.calls, []);
    // Only wrong tokens are guesses, and a row of them is one entry.
    assert.deepEqual(
      audit.entries.map(({ action, target, why }) => ({ action, target, why })),
      [{ action: 'authorize', target: '/api/reload', why: '2 wrong tokens within 0 s' }],
    );
  });

  it('is not a page of another site', async (t) => {
    const control = fakeControl();
    const { admin } = await openAdmin(t, { control, token: TOKEN });
    const { port } = admin.endpoint as { port: number };
    for (const origin of ['https://evil.example', 'null', `https://127.0.0.1:${port + 1}`]) {
      const answer = await change(admin, '/api/reload', {}, { ...WITH_TOKEN, origin });
      assert.equal(answer.status, 403, origin);
      assert.equal(problemOf(answer).field, 'origin');
    }
    assert.deepEqual(control.calls, []);
    const origin = `http://127.0.0.1:${port}`;
    assert.equal((await change(admin, '/api/reload', {}, { ...WITH_TOKEN, origin })).status, 200);
  });

  it('is not a form, which cannot say that it sends JSON', async (t) => {
    const control = fakeControl();
    const { admin } = await openAdmin(t, { control, token: TOKEN });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/jsonp']) {
      const headers = { ...WITH_TOKEN, 'content-type': type };
      const answer = await change(admin, '/api/reload', {}, headers);
      assert.equal(answer.status, 415, type);
    }
    assert.deepEqual(control.calls, []);
    const headers = { ...WITH_TOKEN, 'content-type': 'Application/JSON; charset=utf-8' };
    assert.equal((await change(admin, '/api/reload', {}, headers)).status, 200);
  });
});

describe('a name that was pointed at this machine', () => {
  for (const host of ['evil.example', 'evil.example:9090', 'localhost.evil.example']) {
    it(`reads nothing of the API: Host "${host}"`, async (t) => {
      const { admin } = await openAdmin(t);
      const answer = await ask(admin, '/api/config', { headers: { host } });
      assert.equal(answer.status, 403);
      assert.equal(problemOf(answer).field, 'host');
    });
  }

  for (const host of ['127.0.0.1', '127.0.0.1:9090', '[::1]:9090', 'localhost:1', 'LOCALHOST']) {
    it(`is not what ${host} is`, async (t) => {
      const { admin } = await openAdmin(t);
      assert.equal((await ask(admin, '/api/config', { headers: { host } })).status, 200);
    });
  }

  it('may be what a probe or a scraper uses', async (t) => {
    const { admin } = await openAdmin(t);
    const headers = { host: 'metrics.internal' };
    for (const path of ['/health', '/ready', '/metrics']) {
      assert.equal((await ask(admin, path, { headers })).status, 200, path);
    }
  });

  it('is any name where the listener is on a network', async (t) => {
    const { admin } = await openAdmin(t, { endpoint: { kind: 'tcp', host: '0.0.0.0', port: 0 } });
    const answer = await ask(admin, '/api/status', { headers: { host: 'edge-1.internal' } });
    assert.equal(answer.status, 200);
  });
});
