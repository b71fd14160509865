/**
 * Attacks on a shared cache, each on a page of its own: on what others are given (poisoning), on
 * what others are told (leaks), and on the cache itself. No answer crosses from one client to
 * another unless it was for all.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { type CachedSite, counting, type Page, reply, startSite } from '../support/cached-site.ts';
import { eventually } from '../support/eventually.ts';
import { valuesOf } from '../support/http-message.ts';
import { exchangeOnce, getText, openClient, type RawResponse } from '../support/raw-client.ts';
import type { ReceivedRequest } from '../support/recording-origin.ts';
import { answerCases } from './cache-attacks-answers.ts';
import { type PoisoningAttack, plain, poisoningAttacks } from './cache-attacks-poisoning.ts';

const KEPT = 'Cache-Control: max-age=60';

/** Different for every request, or written by the cache about itself. */
const UNSTEADY = new Set(['age', 'cache-status', 'date', 'x-request-id']);
/** What tells requests apart though they ask the same; and what is said to caches, not to origins. */
const UNSAID = new Set(['cache-control', 'pragma', 'traceparent', 'x-request-id']);

let site: CachedSite;

before(async () => {
  site = await startSite({ cache: { heuristic: true }, service: { retries: 0 } });
});

after(() => site[Symbol.asyncDispose]());

/** Puts all that it is told into its answer, as a careless origin might, and calls it fresh. */
async function reflect(request: ReceivedRequest, vary: readonly string[]): Promise<void> {
  const { method, target } = request;
  const told = request.head.fields.filter(([name]) => !UNSAID.has(name.toLowerCase()));
  const body = JSON.stringify({ method, target, told, body: `${await request.body}` });
  reply(request, { fields: [KEPT, ...vary], body });
}

async function assertSteady(attack: PoisoningAttack): Promise<void> {
  const { attacker, victim = plain(), vary } = attack;
  const lines = vary === undefined ? [] : [`Vary: ${vary}`];
  const quiet = site.page((request) => reflect(request, lines));
  const attacked = site.page((request) => reflect(request, lines));
  const expected = seen(await exchangeOnce(site.proxy.port, victim(quiet.path)), quiet);
  for (const request of [attacker].flat()) await strike(request(attacked.path));
  for (const time of ['first', 'second']) {
    const got = seen(await exchangeOnce(site.proxy.port, victim(attacked.path)), attacked);
    assert.deepEqual(got, expected, `what the victim gets the ${time} time`);
  }
}

/** Sends it and waits until the edge is done with it, whatever it makes of it. */
async function strike(bytes: string): Promise<void> {
  await using client = await openClient(site.proxy.port);
  client.send(bytes);
  await client.response(bytes.startsWith('HEAD ') ? 'HEAD' : undefined).catch(() => {});
  client.socket.end();
  await client.ended();
}

function seen({ status, text, head }: RawResponse, { path }: Page) {
  const fields = head.fields.filter(([name]) => !UNSTEADY.has(name.toLowerCase()));
  const content = status < 400 ? text : '';
  return JSON.parse(JSON.stringify({ status, content, fields }).replaceAll(path, '/PAGE'));
}

for (const [group, attacks] of Object.entries(poisoningAttacks)) {
  describe(`no victim notices: ${group}`, () => {
    for (const attack of attacks) test(attack.name, () => assertSteady(attack));
  });
}

for (const [group, cases] of Object.entries(answerCases)) {
  describe(group, () => {
    for (const { name, status, fields, isKept } of cases) {
      test(`${name}: ${isKept ? 'kept' : 'not kept'}`, async () => {
        const page = site.page((request, nth) => answerWith(request, nth, status, fields));
        for (let i = 0; i < 3; i++) await page.send({ rest: '/account/x.css' });
        assert.equal(page.asked.length, isKept ? 1 : 3);
      });
    }
  });
}

function answerWith(
  request: ReceivedRequest,
  nth: number,
  status = 200,
  fields: readonly string[] = [],
): void {
  if (!fields.some((field) => field.startsWith('Content-Length:'))) {
    reply(request, { status, fields, body: `#${nth}` });
  } else {
    request.socket.write([`HTTP/1.1 ${status} Told`, ...fields, '', 'abcd'].join('\r\n'));
  }
}

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

describe('leaks to those who wait for the same page', () => {
  const ANSWERS = {
    private: ['Cache-Control: private, max-age=60'],
    'no-store': ['Cache-Control: no-store'],
    'with a cookie': [KEPT, 'Set-Cookie: id=own'],
    'varying by everything': [KEPT, 'Vary: *'],
    'varying by who asks': [KEPT, 'Vary: Cookie'],
    'without a word': [],
  } as const;

  for (const [what, fields] of Object.entries(ANSWERS)) {
    test(`an answer ${what}`, async () => {
      const held: ReceivedRequest[] = [];
      let isOpen = false;
      const answer = (request: ReceivedRequest) =>
        reply(request, { fields, body: `for ${request.header('cookie')}` });
      const page = site.page((request) => (isOpen ? answer(request) : held.push(request)));
      const names = Array.from({ length: 12 }, (_, i) => `user=${i}`);
      const all = names.map((name) => page.get(`Cookie: ${name}`));
      await site.awaitClients(names.length);
      await eventually(() => assert.ok(held.length > 0));
      isOpen = true;
      held.forEach(answer);
      const texts = (await Promise.all(all)).map(({ text }) => text);
      assert.deepEqual(
        texts,
        names.map((name) => `for ${name}`),
      );
    });
  }

  test('an answer to one who named itself', async () => {
    const held: ReceivedRequest[] = [];
    let isOpen = false;
    const answer = (request: ReceivedRequest) =>
      reply(request, { fields: [KEPT], body: `for ${request.header('authorization')}` });
    const page = site.page((request) => (isOpen ? answer(request) : held.push(request)));
    const names = Array.from({ length: 12 }, (_, i) => `Bearer ${i}`);
    const all = names.map((name) => page.get(`Authorization: ${name}`));
    await site.awaitClients(names.length);
    await eventually(() => assert.ok(held.length > 0));
    isOpen = true;
    held.forEach(answer);
    const texts = (await Promise.all(all)).map(({ text }) => text);
    assert.deepEqual(
      texts,
      names.map((name) => `for ${name}`),
    );
  });

  test('part of a personal answer is never left for those who come later', async () => {
    const page = site.page(({ socket }) => {
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\nCache-Control: private\r\n\r\nsecre');
    });
    await using first = await openClient(site.proxy.port);
    first.send(getText(page.path, 'Cookie: id=1'));
    await first.receives('secre');
    await using second = await openClient(site.proxy.port);
    second.send(getText(page.path, 'Cookie: id=2'));
    await second.receives('secre');
    assert.equal(page.asked.length, 2);
    assert.equal(page.asked[1]?.header('cookie'), 'id=2');
  });
});
