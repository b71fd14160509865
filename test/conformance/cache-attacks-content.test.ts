/** Answers made to be misread later: broken off, or with more in them than belongs to an answer. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CachedSite, counting, reply, startSite } from '../support/cached-site.ts';
import { valuesOf } from '../support/http-message.ts';

const KEPT = 'Cache-Control: max-age=60';

let site: CachedSite;

before(async () => {
  site = await startSite({ cache: { heuristic: true }, service: { retries: 0 } });
});

after(() => site[Symbol.asyncDispose]());

describe('answers that break off are never kept', () => {
  const breaks = {
    'short of their length': 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n',
    'between chunks': 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n',
  } as const;
  for (const [how, head] of Object.entries(breaks)) {
    test(how, async () => {
      const page = site.page((request, nth) => {
        if (nth > 1) reply(request, { fields: [KEPT], body: 'whole' });
        else request.socket.end(`${head}${KEPT}\r\n\r\n4\r\nhalf\r\n`);
      });
      await assert.rejects(page.get(), /ended before/);
      assert.equal((await page.get()).text, 'whole');
    });
  }

  test('within a chunk', async () => {
    const page = site.page((request, nth) => {
      if (nth > 1) reply(request, { fields: [KEPT], body: 'whole' });
      else request.socket.end(`${breaks['between chunks']}${KEPT}\r\n\r\nff\r\nhalf`);
    });
    await assert.rejects(page.get(), /ended before/);
    assert.equal((await page.get()).text, 'whole');
  });

  test('an answer that ends with its connection has an end nobody can vouch for', async () => {
    const page = site.page((request, nth) =>
      request.socket.end(`HTTP/1.1 200 OK\r\n${KEPT}\r\n\r\n#${nth}`),
    );
    assert.equal((await page.get()).text, '#1');
    assert.match((await page.get()).text, /^#[12]$/);
  });
});

describe('what else comes with an answer', () => {
  const trailers = {
    'trailers do not become fields of the kept answer': 'X-Evil: 1',
    'trailers that may not be ones do not become fields either': 'Set-Cookie: id=evil',
  } as const;
  for (const [name, trailer] of Object.entries(trailers)) {
    test(name, async () => {
      const page = site.page((request, nth) => {
        if (nth > 1) {
          reply(request, { fields: [KEPT], body: 'ok' });
          return;
        }
        const head = `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n${KEPT}`;
        request.socket.write(`${head}\r\n\r\n2\r\nok\r\n0\r\n${trailer}\r\n\r\n`);
      });
      // To break off what ends in a way that it must not is allowed.
      await page.get().catch(() => {});
      const hit = await page.get();
      assert.equal(hit.text, 'ok');
      assert.equal(hit.header('x-evil'), undefined);
      assert.equal(hit.header('set-cookie'), undefined);
    });
  }

  test('an interim answer is not the answer', async () => {
    const page = site.page((request) => {
      request.socket.write('HTTP/1.1 103 Early Hints\r\nLink: </evil>\r\n\r\n');
      reply(request, { fields: [KEPT], body: 'final' });
    });
    for (let i = 0; i < 2; i++) {
      const response = await page.get();
      assert.equal(response.text, 'final');
      assert.equal(response.header('link'), undefined);
    }
    assert.equal(page.asked.length, 1);
  });

  test('fields of one hop are not kept', async () => {
    const page = site.page(
      counting(KEPT, 'Connection: X-Hop', 'X-Hop: 1', 'Keep-Alive: timeout=1', 'X-Kind: kept'),
    );
    await page.get();
    const hit = await page.get();
    assert.equal(hit.text, '#1');
    for (const name of ['x-hop', 'keep-alive'])
      assert.deepEqual(valuesOf(hit.head, name), [], name);
    assert.doesNotMatch(valuesOf(hit.head, 'connection').join(), /x-hop/i);
    assert.equal(hit.header('x-kind'), 'kept');
  });

  test('a 304 for another answer than the kept one brings nothing up to date', async () => {
    const page = site.page((request, nth) =>
      request.header('if-none-match') === undefined
        ? reply(request, {
            fields: ['Cache-Control: max-age=9', 'Age: 10', `ETag: "${nth}"`],
            body: `#${nth}`,
          })
        : reply(request, { status: 304, fields: [KEPT, 'ETag: "evil"', 'X-Evil: 1'] }),
    );
    await page.get();
    const next = await page.get();
    assert.notEqual(next.status, 304);
    if (next.status === 200) assert.match(next.text, /^#\d$/);
    const after = await page.get();
    assert.equal(after.header('x-evil'), undefined);
    assert.ok(page.asked.length >= 3, 'it has not been made fresh');
  });

  test('a 304 cannot change how the kept body is read', async () => {
    const page = site.page((request) =>
      request.header('if-none-match') === undefined
        ? reply(request, {
            fields: ['Cache-Control: max-age=9', 'Age: 10', 'ETag: "a"'],
            body: 'abc',
          })
        : reply(request, {
            status: 304,
            fields: [KEPT, 'ETag: "a"', 'Content-Encoding: gzip', 'Transfer-Encoding: chunked'],
          }),
    );
    await page.get();
    for (let i = 0; i < 2; i++) {
      const response = await page.get();
      if (response.status === 502) continue;
      assert.equal(response.text, 'abc');
      assert.equal(response.header('content-length'), '3');
      assert.equal(response.header('transfer-encoding'), undefined);
    }
  });
});
