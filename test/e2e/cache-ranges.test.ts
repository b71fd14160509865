/** Parts of an answer that is kept whole. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type CachedSite, type Page, reply, startSite } from '../support/cached-site.ts';

const BODY = 'abcdefghijklmnopqrstuvwxyz';
const MODIFIED = 'Mon, 01 Jan 2024 00:00:00 GMT';

let site: CachedSite;

before(async () => {
  site = await startSite();
});

after(() => site[Symbol.asyncDispose]());

/** Answers whole, whatever range is asked for, as an origin may. */
function wholePage(...fields: string[]): Page {
  return site.page((request) =>
    reply(request, { body: BODY, fields: ['Cache-Control: max-age=60', ...fields] }),
  );
}

async function kept(): Promise<Page> {
  const page = wholePage('ETag: "a"', `Last-Modified: ${MODIFIED}`);
  await page.get();
  return page;
}

const parts = [
  ['bytes=0-3', 'abcd', 'bytes 0-3/26'],
  ['bytes=24-', 'yz', 'bytes 24-25/26'],
  ['bytes=-3', 'xyz', 'bytes 23-25/26'],
  ['bytes=20-1000', 'uvwxyz', 'bytes 20-25/26'],
  ['bytes=-1000', BODY, 'bytes 0-25/26'],
  ['bytes=25-25', 'z', 'bytes 25-25/26'],
] as const;

for (const [range, text, contentRange] of parts) {
  test(`${range} is cut from the kept answer`, async () => {
    const page = await kept();
    const response = await page.get(`Range: ${range}`);
    assert.equal(response.status, 206);
    assert.equal(response.text, text);
    assert.equal(response.header('content-range'), contentRange);
    assert.equal(response.header('content-length'), String(text.length));
    assert.equal(response.header('etag'), '"a"');
    assert.equal(page.asked.length, 1);
  });
}

for (const range of ['bytes=26-', 'bytes=100-200', 'bytes=-0']) {
  test(`${range} is behind the end of the kept answer`, async () => {
    const page = await kept();
    const response = await page.get(`Range: ${range}`);
    assert.equal(response.status, 416);
    assert.equal(response.header('content-range'), 'bytes */26');
    assert.equal(page.asked.length, 1);
  });
}

for (const range of ['bytes=5-2', 'bytes=a-b', 'lines=0-3', 'bytes=', 'bytes 0-3']) {
  test(`"${range}" asks for no range, so the answer is whole`, async () => {
    const page = await kept();
    const response = await page.get(`Range: ${range}`);
    assert.equal(response.status, 200);
    assert.equal(response.text, BODY);
  });
}

test('several ranges at once are answered rightly or whole', async () => {
  const page = await kept();
  const response = await page.get('Range: bytes=0-1,4-5');
  if (response.status === 206) {
    assert.match(`${response.header('content-type')}`, /^multipart\/byteranges/);
  } else {
    assert.equal(response.status, 200);
    assert.equal(response.text, BODY);
  }
});

const ifRanges = [
  ['If-Range: "a"', 206],
  ['If-Range: "b"', 200],
  ['If-Range: W/"a"', 200],
  [`If-Range: ${MODIFIED}`, 206],
  ['If-Range: Tue, 02 Jan 2024 00:00:00 GMT', 200],
] as const;

for (const [condition, status] of ifRanges) {
  test(`${condition} makes a range ${status === 206 ? 'hold' : 'fall'}`, async () => {
    const page = await kept();
    const response = await page.get('Range: bytes=0-3', condition);
    assert.equal(response.status, status);
    assert.equal(response.text, status === 206 ? 'abcd' : BODY);
    assert.equal(page.asked.length, 1);
  });
}

test('HEAD knows no ranges', async () => {
  const page = await kept();
  const response = await page.send({ method: 'HEAD', fields: ['Range: bytes=0-3'] });
  assert.equal(response.status, 200);
  assert.equal(response.header('content-length'), '26');
});

test('a range that comes first makes the whole answer known, or nothing', async () => {
  const page = site.page((request) =>
    request.header('range') === undefined
      ? reply(request, { body: BODY, fields: ['Cache-Control: max-age=60', 'ETag: "a"'] })
      : reply(request, {
          status: 206,
          body: 'abcd',
          fields: ['Cache-Control: max-age=60', 'ETag: "a"', 'Content-Range: bytes 0-3/26'],
        }),
  );
  const part = await page.get('Range: bytes=0-3');
  assert.equal(part.status, 206);
  assert.equal(part.text, 'abcd');
  const whole = await page.get();
  assert.equal(whole.status, 200);
  assert.equal(whole.text, BODY);
  const other = await page.get('Range: bytes=4-5');
  assert.equal(other.status, 206);
  assert.equal(other.text, 'ef');
});

test('a part of an answer that no cache may keep comes from the origin', async () => {
  const page = site.page((request, nth) => {
    const fields = ['Cache-Control: no-store'];
    const isPart = request.header('range') === 'bytes=0-3';
    if (isPart) {
      const part = [...fields, 'Content-Range: bytes 0-3/26'];
      reply(request, { status: 206, body: `abc${nth}`, fields: part });
    } else reply(request, { body: BODY, fields });
  });
  const first = await page.get('Range: bytes=0-3');
  const second = await page.get('Range: bytes=0-3');
  for (const { status, text } of [first, second]) {
    assert.ok(status === 200 ? text === BODY : /^abc[\d]$/.test(text) && status === 206, text);
  }
  const asksWithRange = page.asked.filter((one) => one.header('range') !== undefined);
  assert.ok(asksWithRange.length > 0, 'an origin is asked for the part once it is known');
});
