/** Requests made to fill the cache, to break the key of an answer, or to have errors kept. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CachedSite, counting, reply, startSite } from '../support/cached-site.ts';

const KEPT = 'Cache-Control: max-age=60';

let site: CachedSite;

before(async () => {
  site = await startSite({ cache: { heuristic: true }, service: { retries: 0 } });
});

after(() => site[Symbol.asyncDispose]());

describe('keys and variants without bounds', () => {
  test('long queries that differ in their last byte are different pages', async () => {
    const page = site.page((request) =>
      reply(request, { fields: [KEPT], body: request.target.slice(-1) }),
    );
    const long = `?${'q'.repeat(7_900)}`;
    for (const end of ['a', 'b', 'a', 'b']) {
      assert.equal((await page.send({ rest: long + end })).text, end);
    }
    assert.equal(page.asked.length, 2);
  });

  test('long fields an answer varies by that differ in their last byte are different variants', async () => {
    const page = site.page((request) =>
      reply(request, {
        fields: [KEPT, 'Vary: X-Kind'],
        body: `${request.header('x-kind')?.slice(-1)}`,
      }),
    );
    for (const end of ['a', 'b', 'a', 'b']) {
      assert.equal((await page.get(`X-Kind: ${'k'.repeat(7_900)}${end}`)).text, end);
    }
  });

  test('variants and keys that nobody asks for again leave the memory to the others', async () => {
    await using small = await startSite({
      cache: { maxBodySize: '64KiB' },
      rest: { cache: { memory: '1MiB' } },
    });
    const page = small.page((request) =>
      reply(request, {
        fields: [KEPT, 'Vary: X-Kind'],
        body: `${request.header('x-kind')?.length}`,
      }),
    );
    const good = small.page(counting(KEPT));
    for (let i = 0; i < 400; i++) {
      const kind = `${i}-`.padEnd(7_000, 'k');
      assert.equal((await page.get(`X-Kind: ${kind}`)).text, '7000');
      assert.equal((await page.send({ rest: `?${kind}`, fields: ['X-Kind: a'] })).text, '1');
      assert.equal((await good.get()).text, '#1');
    }
    const asked = page.asked.length;
    await page.get(`X-Kind: ${'0-'.padEnd(7_000, 'k')}`);
    assert.equal(page.asked.length, asked + 1, 'the oldest have made room');
  });

  test('an answer that varies by a hundred fields is right or not kept', async () => {
    const names = Array.from({ length: 100 }, (_, i) => `X-${i}`);
    const page = site.page((request) =>
      reply(request, {
        fields: [KEPT, `Vary: ${names.join(', ')}`],
        body: `${request.header('x-99')}`,
      }),
    );
    for (const kind of ['a', 'b', 'a']) {
      assert.equal((await page.get(`X-99: ${kind}`)).text, kind);
    }
  });

  test('a line end cannot be forged into the key of a variant', async () => {
    const page = site.page((request) =>
      reply(request, {
        fields: [KEPT, 'Vary: X-A, X-B'],
        body: `${request.header('x-a')}|${request.header('x-b')}`,
      }),
    );
    const pairs = [
      ['1', '2'],
      ['1 x-b:2', ''],
      ['1:x-b', '2'],
      ['', '1 2'],
      ['1, 2', ''],
      ['"1", "2"', ''],
    ] as const;
    for (const [a, b] of [...pairs, ...pairs]) {
      assert.equal((await page.get(`X-A: ${a}`, `X-B: ${b}`)).text, `${a}|${b}`);
    }
  });

  test('a head beyond the limits is refused, and the page is as it was', async () => {
    const page = site.page(counting(KEPT));
    const response = await page.get(`X-Large: ${'x'.repeat(80_000)}`);
    assert.equal(response.status, 431);
    assert.equal((await page.get()).text, '#1');
    assert.equal(page.asked.length, 1);
  });

  for (const status of [400, 413, 431]) {
    test(`an origin that answers ${status} to a head it does not like is asked again`, async () => {
      const page = site.page((request, nth) =>
        request.header('x-large') === undefined
          ? reply(request, { fields: [KEPT], body: `#${nth}` })
          : reply(request, { status, body: 'too much' }),
      );
      assert.equal((await page.get(`X-Large: ${'x'.repeat(7_000)}`)).status, status);
      const next = await page.get();
      assert.equal(next.status, 200);
      assert.equal(next.text, '#2');
    });
  }
});
