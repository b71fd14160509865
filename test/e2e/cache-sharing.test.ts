/** Who may be given an answer that somebody else asked for. */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { gunzipSync, gzipSync } from 'node:zlib';
import { cacheStatus } from '../support/cache-status.ts';
import { type CachedSite, counting, reply, startSite } from '../support/cached-site.ts';

const KEPT = 'Cache-Control: max-age=60';

let site: CachedSite;

before(async () => {
  site = await startSite();
});

after(() => site[Symbol.asyncDispose]());

describe('Vary', () => {
  test('clients that ask alike share an answer, others have their own', async () => {
    const page = site.page((request) =>
      reply(request, {
        fields: [KEPT, 'Vary: Accept-Language'],
        body: `in ${request.header('accept-language')}`,
      }),
    );
    for (const language of ['de', 'en', 'de', 'en']) {
      assert.equal((await page.get(`Accept-Language: ${language}`)).text, `in ${language}`);
    }
    assert.equal((await page.get()).text, 'in undefined');
    assert.equal(page.asked.length, 3);
  });

  test('the order and spacing of what is asked for makes no difference where it means none', async () => {
    const page = site.page(counting(KEPT, 'Vary: Accept-Encoding'));
    await page.get('Accept-Encoding: gzip, br');
    assert.equal((await page.get('Accept-Encoding: gzip,br')).text, '#1');
  });

  test('a field that comes in several lines is one field', async () => {
    const page = site.page(counting(KEPT, 'Vary: X-Kind'));
    await page.get('X-Kind: a, b');
    assert.equal((await page.get('X-Kind: a', 'X-Kind: b')).text, '#1');
  });

  test('several fields, in several lines, all count', async () => {
    const page = site.page((request) =>
      reply(request, {
        fields: [KEPT, 'Vary: X-A', 'Vary: x-b, X-C'],
        body: ['x-a', 'x-b', 'x-c'].map((name) => request.header(name)).join(),
      }),
    );
    for (const kinds of ['1,1,1', '2,1,1', '1,2,1', '1,1,2', '1,1,1']) {
      const [a, b, c] = kinds.split(',');
      assert.equal((await page.get(`X-A: ${a}`, `X-B: ${b}`, `X-C: ${c}`)).text, kinds);
    }
    assert.equal(page.asked.length, 4);
  });

  test('an answer that varies by everything is for nobody else', async () => {
    const page = site.page(counting(KEPT, 'Vary: *'));
    await page.get();
    assert.equal((await page.get()).text, '#2');
  });

  test('what varies along with * varies by everything', async () => {
    const page = site.page(counting(KEPT, 'Vary: Accept, *'));
    await page.get();
    assert.equal((await page.get()).text, '#2');
  });

  test('a miss that other variants of the page have says so', async () => {
    const page = site.page(counting(KEPT, 'Vary: X-Kind'));
    await page.get('X-Kind: a');
    assert.equal(cacheStatus(await page.get('X-Kind: b')).fwd, 'vary-miss');
  });

  test('an origin may change what its answers vary by', async () => {
    const page = site.page((request, nth) => {
      const vary = nth === 1 ? 'X-A' : 'X-A, X-B';
      const body = `${request.header('x-a')} ${request.header('x-b')}`;
      reply(request, { fields: [KEPT, `Vary: ${vary}`], body });
    });
    assert.equal((await page.get('X-A: 1', 'X-B: 1')).text, '1 1');
    assert.equal((await page.get('X-A: 2', 'X-B: 1')).text, '2 1');
    assert.equal((await page.get('X-A: 2', 'X-B: 2')).text, '2 2');
    assert.equal((await page.get('X-A: 2', 'X-B: 1')).text, '2 1');
  });

  test('a compressed answer never reaches a client that did not ask for one', async () => {
    const page = site.page((request) => {
      const fields = [KEPT, 'Vary: Accept-Encoding'];
      const isZipped = request.header('accept-encoding')?.includes('gzip');
      if (!isZipped) reply(request, { fields, body: 'plain' });
      else {
        const body = gzipSync('zipped');
        const head = ['HTTP/1.1 200 OK', `Content-Length: ${body.length}`, ...fields];
        const text = [...head, 'Content-Encoding: gzip', '', ''].join('\r\n');
        request.socket.write(Buffer.concat([Buffer.from(text), body]));
      }
    });
    for (let i = 0; i < 2; i++) {
      const zipped = await page.get('Accept-Encoding: gzip');
      assert.equal(zipped.header('content-encoding'), 'gzip');
      assert.equal(gunzipSync(zipped.body).toString(), 'zipped');
      for (const fields of [[], ['Accept-Encoding: identity'], ['Accept-Encoding: br']]) {
        const plain = await page.get(...fields);
        assert.equal(plain.text, 'plain');
        assert.equal(plain.header('content-encoding'), undefined);
      }
    }
  });
});

describe('Authorization', () => {
  const tokens = ['Authorization: Bearer a', 'Authorization: Bearer b'] as const;

  test('an answer to a client that named itself is for that client', async () => {
    const page = site.page((request) =>
      reply(request, { fields: [KEPT], body: `for ${request.header('authorization')}` }),
    );
    for (const token of [...tokens, ...tokens]) {
      assert.equal((await page.get(token)).text, `for ${token.slice(15)}`);
    }
    assert.equal((await page.get()).text, 'for undefined');
  });

  for (const leave of ['public, max-age=60', 's-maxage=60', 'must-revalidate, max-age=60']) {
    test(`${leave} makes it an answer for all`, async () => {
      const page = site.page(counting(`Cache-Control: ${leave}`));
      assert.equal((await page.get(tokens[0])).text, '#1');
      assert.equal((await page.get(tokens[1])).text, '#1');
      assert.equal((await page.get()).text, '#1');
    });
  }

  test('what was for all is also for a client that names itself', async () => {
    const page = site.page(counting(KEPT));
    assert.equal((await page.get()).text, '#1');
    const { text } = await page.get(tokens[0]);
    assert.match(text, /^#[12]$/);
    assert.equal((await page.get()).text, '#1');
  });
});

describe('cookies', () => {
  test('an answer that sets one is for the client that asked', async () => {
    const page = site.page((request, nth) =>
      reply(request, { fields: [KEPT, `Set-Cookie: id=${nth}`], body: `#${nth}` }),
    );
    for (const nth of [1, 2, 3]) {
      const response = await page.get();
      assert.equal(response.header('set-cookie'), `id=${nth}`);
      assert.equal(response.text, `#${nth}`);
    }
  });

  test('an origin may name the field, and the rest is for all, without it', async () => {
    const page = site.page((request, nth) =>
      reply(request, {
        fields: ['Cache-Control: max-age=60, private="Set-Cookie"', `Set-Cookie: id=${nth}`],
        body: `#${nth}`,
      }),
    );
    assert.equal((await page.get()).header('set-cookie'), 'id=1');
    const next = await page.get();
    // Keeping nothing of it is allowed as well; giving the cookie to others is not.
    assert.equal(next.header('set-cookie'), next.text === '#1' ? undefined : 'id=2');
  });

  test('a route may keep cookies that the origin says are for all', async () => {
    await using keeping = await startSite({ cache: { setCookie: 'keep' } });
    const shared = keeping.page(counting('Cache-Control: public, max-age=60', 'Set-Cookie: a=b'));
    await shared.get();
    const hit = await shared.get();
    assert.equal(hit.text, '#1');
    assert.equal(hit.header('set-cookie'), 'a=b');
    const unsaid = keeping.page(counting(KEPT, 'Set-Cookie: a=b'));
    await unsaid.get();
    assert.equal((await unsaid.get()).text, '#2');
  });

  test('clients with different cookies are kept apart when the answer says it varies', async () => {
    const page = site.page((request) =>
      reply(request, {
        fields: [KEPT, 'Vary: Cookie'],
        body: `for ${request.header('cookie')}`,
      }),
    );
    for (const cookie of ['id=1', 'id=2', 'id=1']) {
      assert.equal((await page.get(`Cookie: ${cookie}`)).text, `for ${cookie}`);
    }
    assert.equal(page.asked.length, 2);
  });
});

for (const directive of ['private, max-age=60', 'no-store, max-age=60', 'private="x", no-store']) {
  test(`${directive} is kept from everybody`, async () => {
    const page = site.page(counting(`Cache-Control: ${directive}`));
    await page.get();
    assert.equal((await page.get()).text, '#2');
  });
}

test('a client that wants nothing stored has its answer to itself', async () => {
  const page = site.page(counting(KEPT));
  assert.equal((await page.get('Cache-Control: no-store')).text, '#1');
  assert.equal((await page.get()).text, '#2');
});
