import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type CrossOriginOptions, HttpProblem } from './index.ts';
import { quietOrigin } from './origin.test-support.ts';

const page = 'https://app.example.com';

function start(cors: CrossOriginOptions) {
  const { app } = quietOrigin({ cors });
  let handled = 0;
  app.all('/things', (c) => {
    handled++;
    return c.json({});
  });
  app.get('/broken', () => {
    const what = { kind: 'gone', side: 'client', retryable: false, detail: 'gone' } as const;
    throw new HttpProblem({ ...what, status: 410 });
  });
  const ask = async (origin: string | undefined, method = 'GET', path = '/things') => {
    const headers: Record<string, string> = origin === undefined ? {} : { origin };
    if (method === 'OPTIONS') headers['access-control-request-method'] = 'PUT';
    const response = await app.request(path, { method, headers });
    const fields = [...response.headers].filter(([name]) => /^access-control|^vary/.test(name));
    return { status: response.status, fields: Object.fromEntries(fields) };
  };
  return { ask, handled: () => handled };
}

test('a known page may ask, and is told what it may read', async () => {
  const { ask } = start({ origins: [page], credentials: true });
  const { fields } = await ask(page);
  assert.deepEqual(fields, {
    'access-control-allow-credentials': 'true',
    'access-control-allow-origin': page,
    'access-control-expose-headers': 'x-request-id, retry-after',
    vary: 'origin',
  });
});

test('errors can be read by the page as well', async () => {
  const { ask } = start({ origins: [page] });
  for (const path of ['/broken', '/nowhere']) {
    const { fields } = await ask(page, 'GET', path);
    assert.equal(fields['access-control-allow-origin'], page, path);
  }
});

test('other pages and plain clients get an answer that does not let anyone in', async () => {
  const { ask } = start({ origins: [page] });
  for (const origin of ['https://evil.example', `${page}.evil.example`, 'null', undefined]) {
    const { status, fields } = await ask(origin);
    assert.deepEqual([status, fields], [200, { vary: 'origin' }], String(origin));
  }
});

test('preflights are answered without a route, and kept by browsers', async () => {
  const { ask, handled } = start({ origins: [page], methods: ['PUT'], maxAgeSeconds: 60 });
  const allowed = await ask(page, 'OPTIONS');
  assert.equal(allowed.status, 204);
  assert.deepEqual(allowed.fields, {
    'access-control-allow-headers': 'content-type, authorization',
    'access-control-allow-methods': 'PUT',
    'access-control-allow-origin': page,
    'access-control-max-age': '60',
    vary: 'origin',
  });
  const refused = await ask('https://evil.example', 'OPTIONS');
  assert.deepEqual([refused.status, refused.fields], [204, { vary: 'origin' }]);
  assert.equal(handled(), 0);
});

test('an OPTIONS request that is no preflight goes to its route', async () => {
  const { app } = quietOrigin({ cors: { origins: '*' } });
  app.options('/things', (c) => c.text('mine'));
  const response = await app.request('/things', { method: 'OPTIONS' });
  assert.equal(await response.text(), 'mine');
});

test('any page may read what is for everyone', async () => {
  const { ask } = start({ origins: '*' });
  const { fields } = await ask(undefined);
  assert.deepEqual([fields['access-control-allow-origin'], fields.vary], ['*', undefined]);
});

test('an origin can be decided upon', async () => {
  const { ask } = start({ origins: (origin) => origin.endsWith('.example.com') });
  assert.equal((await ask(page)).fields['access-control-allow-origin'], page);
  assert.equal(
    (await ask('https://evil.example')).fields['access-control-allow-origin'],
    undefined,
  );
});

test('what would let in more than it says is refused at start', () => {
  assert.throws(() => start({ origins: '*', credentials: true }), /any page/);
  for (const origin of ['*', 'null', 'example.com', `${page}/`, 'https://a.example:443', '']) {
    assert.throws(() => start({ origins: [origin] }), /is no origin/, origin);
  }
});
