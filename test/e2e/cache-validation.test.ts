/** Validators: those of clients answered by the edge, and those the edge asks the origin with. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { cacheStatus } from '../support/cache-status.ts';
import { type CachedSite, counting, reply, startSite } from '../support/cached-site.ts';
import { valuesOf } from '../support/http-message.ts';

const MODIFIED = 'Mon, 01 Jan 2024 00:00:00 GMT';
const LATER = 'Tue, 02 Jan 2024 00:00:00 GMT';
const EARLIER = 'Sun, 31 Dec 2023 00:00:00 GMT';

/** Kept, and stale as soon as it is. */
const STALE = ['Cache-Control: max-age=10', 'Age: 20'];

let site: CachedSite;

before(async () => {
  site = await startSite();
});

after(() => site[Symbol.asyncDispose]());

const conditions = [
  ['the same tag', 'If-None-Match: "a"', 304],
  ['the same tag, weak', 'If-None-Match: W/"a"', 304],
  ['one of several tags', 'If-None-Match: "x", "a", W/"y"', 304],
  ['any tag', 'If-None-Match: *', 304],
  ['another tag', 'If-None-Match: "b"', 200],
  ['a tag that only begins the same', 'If-None-Match: "aa"', 200],
  ['the same time', `If-Modified-Since: ${MODIFIED}`, 304],
  ['a later time', `If-Modified-Since: ${LATER}`, 304],
  ['an earlier time', `If-Modified-Since: ${EARLIER}`, 200],
  ['no time at all', 'If-Modified-Since: yesterday', 200],
  ['another tag and the same time', `If-None-Match: "b"\r\nIf-Modified-Since: ${MODIFIED}`, 200],
] as const;

for (const [what, condition, status] of conditions) {
  test(`a client that has ${what} is answered ${status} without the origin`, async () => {
    const page = site.page(
      counting('Cache-Control: max-age=60', 'ETag: "a"', `Last-Modified: ${MODIFIED}`),
    );
    await page.get();
    const response = await page.get(...condition.split('\r\n'));
    assert.equal(response.status, status);
    assert.equal(response.text, status === 304 ? '' : '#1');
    assert.equal(response.header('etag'), '"a"');
    assert.equal(response.header('cache-control'), 'max-age=60');
    assert.equal(page.asked.length, 1);
  });
}

test('a client is answered 304 also to a HEAD', async () => {
  const page = site.page(counting('Cache-Control: max-age=60', 'ETag: "a"'));
  await page.get();
  const response = await page.send({ method: 'HEAD', fields: ['If-None-Match: "a"'] });
  assert.equal(response.status, 304);
});

test('what a client has does not keep the whole answer from being fetched and kept', async () => {
  const page = site.page((request, nth) =>
    request.header('if-none-match') === undefined
      ? reply(request, { fields: ['Cache-Control: max-age=60', 'ETag: "a"'], body: `#${nth}` })
      : reply(request, { status: 304, fields: ['ETag: "a"', 'Cache-Control: max-age=60'] }),
  );
  assert.equal((await page.get('If-None-Match: "a"')).status, 304);
  const response = await page.get();
  assert.equal(response.status, 200);
  assert.match(response.text, /^#\d$/);
});

test('a stale answer is validated with its tag, and the origin need not send it again', async () => {
  const page = site.page((request, nth) =>
    request.header('if-none-match') === '"a"'
      ? reply(request, { status: 304, fields: ['ETag: "a"', 'Cache-Control: max-age=60'] })
      : reply(request, { fields: [...STALE, 'ETag: "a"'], body: `#${nth}` }),
  );
  assert.equal((await page.get()).text, '#1');
  const validated = await page.get();
  assert.equal(validated.status, 200);
  assert.equal(validated.text, '#1');
  assert.equal(page.asked.length, 2);
  const { isHit, fwd, fwdStatus } = cacheStatus(validated);
  assert.deepEqual({ isHit, fwd, fwdStatus }, { isHit: false, fwd: 'stale', fwdStatus: 304 });

  assert.equal((await page.get()).text, '#1');
  assert.equal(page.asked.length, 2, 'it is fresh again');
});

test('a stale answer without a tag is validated by its time', async () => {
  const page = site.page((request, nth) =>
    request.header('if-modified-since') === MODIFIED
      ? reply(request, { status: 304, fields: ['Cache-Control: max-age=60'] })
      : reply(request, { fields: [...STALE, `Last-Modified: ${MODIFIED}`], body: `#${nth}` }),
  );
  await page.get();
  assert.equal((await page.get()).text, '#1');
  assert.equal((await page.get()).text, '#1');
  assert.equal(page.asked.length, 2);
});

test('a stale answer that has changed is replaced', async () => {
  const page = site.page((request, nth) =>
    reply(request, {
      fields: [nth === 1 ? 'Age: 90' : 'Age: 0', 'Cache-Control: max-age=60', `ETag: "${nth}"`],
      body: `#${nth}`,
    }),
  );
  await page.get();
  assert.equal((await page.get()).text, '#2');
  assert.equal((await page.get()).text, '#2');
  assert.equal(page.asked.length, 2);
});

test('a validation brings the fields of the kept answer up to date, except those of its body', async () => {
  const page = site.page((request) =>
    request.header('if-none-match') === '"a"'
      ? reply(request, {
          status: 304,
          fields: ['ETag: "a"', 'Cache-Control: max-age=60', 'X-Kind: new', 'Content-Type: text/b'],
        })
      : reply(request, {
          fields: [...STALE, 'ETag: "a"', 'X-Kind: old', 'X-Rest: old', 'Content-Encoding: x-toy'],
          body: 'abc',
        }),
  );
  await page.get();
  for (const response of [await page.get(), await page.get()]) {
    assert.equal(response.header('x-kind'), 'new');
    assert.equal(response.header('x-rest'), 'old');
    assert.equal(response.header('content-encoding'), 'x-toy');
    assert.equal(response.header('content-length'), '3');
    assert.equal(response.text, 'abc');
  }
});

test('a client that has a stale answer gets 304 when the origin says it still holds', async () => {
  const page = site.page((request) =>
    request.header('if-none-match') === '"a"'
      ? reply(request, { status: 304, fields: ['ETag: "a"', 'Cache-Control: max-age=60'] })
      : reply(request, { fields: [...STALE, 'ETag: "a"'], body: 'abc' }),
  );
  await page.get();
  assert.equal((await page.get('If-None-Match: "a"')).status, 304);
  assert.equal((await page.get()).text, 'abc');
});

test('no-cache is kept, and validated every time', async () => {
  const page = site.page((request, nth) =>
    request.header('if-none-match') === '"a"'
      ? reply(request, { status: 304, fields: ['ETag: "a"', 'Cache-Control: no-cache'] })
      : reply(request, { fields: ['Cache-Control: no-cache', 'ETag: "a"'], body: `#${nth}` }),
  );
  for (let i = 1; i <= 3; i++) {
    const response = await page.get();
    assert.equal(response.status, 200);
    assert.equal(response.text, '#1');
    assert.equal(page.asked.length, i);
  }
});

test('a client that asks for validation has the kept answer confirmed, not fetched', async () => {
  const page = site.page((request, nth) =>
    request.header('if-none-match') === '"a"'
      ? reply(request, { status: 304, fields: ['ETag: "a"', 'Cache-Control: max-age=60'] })
      : reply(request, { fields: ['Cache-Control: max-age=60', 'ETag: "a"'], body: `#${nth}` }),
  );
  await page.get();
  const response = await page.get('Cache-Control: no-cache');
  assert.equal(response.text, '#1');
  assert.equal(page.asked.length, 2);
  assert.equal(page.asked[1]?.header('if-none-match'), '"a"');
});

for (const field of ['If-Match: "other"', `If-Unmodified-Since: ${EARLIER}`]) {
  test(`${field.split(':')[0]} is for the origin to judge`, async () => {
    const page = site.page((request) =>
      request.header('if-match') || request.header('if-unmodified-since')
        ? reply(request, { status: 412 })
        : reply(request, { fields: ['Cache-Control: max-age=60', 'ETag: "a"'], body: 'abc' }),
    );
    await page.get();
    assert.equal((await page.get(field)).status, 412);
    assert.equal((await page.get()).text, 'abc');
    assert.equal(page.asked.length, 2);
  });
}

test('a validation that fails leaves nothing half done', async () => {
  const page = site.page((request, nth) => {
    const fields = ['Cache-Control: max-age=10', 'ETag: "a"', nth === 1 ? 'Age: 20' : 'Age: 0'];
    if (nth === 2) reply(request, { status: 500, body: 'broken' });
    else reply(request, { fields, body: `#${nth}` });
  });
  assert.equal((await page.get()).text, '#1');
  const failed = await page.get();
  assert.equal(failed.status, 500);
  assert.equal(failed.text, 'broken');
  assert.equal((await page.get()).text, '#3');
  assert.equal((await page.get()).text, '#3');
});

for (const directive of ['no-store', 'private', 'max-age=60']) {
  test(`a validation that says ${directive} gives an answer with one Age and one Date`, async () => {
    const page = site.page((request) => {
      const isSame = request.header('if-none-match') === '"a"';
      const fields = [
        'ETag: "a"',
        'Age: 20',
        `Cache-Control: ${isSame ? directive : 'max-age=10'}`,
      ];
      reply(request, isSame ? { status: 304, fields } : { fields, body: 'abc' });
    });
    await page.get();
    for (let i = 0; i < 2; i++) {
      const { text, head } = await page.get();
      assert.equal(text, 'abc');
      for (const name of ['age', 'date']) assert.equal(valuesOf(head, name).length, 1, name);
    }
  });
}
