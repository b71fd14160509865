import assert from 'node:assert/strict';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FailureKind } from '../failure.ts';
import { createTargetGuard, type TargetGuard } from '../target-guard.ts';
import { connectTo, serve, serveTcp } from './client.test-support.ts';
import type { Outcome } from './recorder-log.test-support.ts';

const nowhere = new URL('http://127.0.0.1:1');

function failure(kind: FailureKind, message: RegExp) {
  return { name: 'RequestFailure', kind, message };
}

describe('requests', () => {
  it('are sent as asked, and their answers read', async (t) => {
    const target = await serve(t, async (request, response) => {
      response.setHeader('x-one', '1');
      response.end(JSON.stringify([request.method, request.url, await text(request)]));
    });
    const { http, recorder } = connectTo(t, target);
    const answer = await http().get('/items?page=2');
    assert.equal(answer.status, 200);
    assert.equal(answer.headers['x-one'], '1');
    assert.equal(answer.text(), '["GET","/items?page=2",""]');
    assert.deepEqual((await http().post('/a', { body: 'text' })).json(), ['POST', '/a', 'text']);
    assert.deepEqual((await http().put('/a')).json(), ['PUT', '/a', '']);
    assert.deepEqual((await http().patch('/a', { body: [1] })).json(), ['PATCH', '/a', '[1]']);
    assert.deepEqual((await http().delete('/a')).json(), ['DELETE', '/a', '']);
    assert.equal((await http().request('OPTIONS', '/a')).json<string[]>()[0], 'OPTIONS');
    assert.equal((await http().request('HEAD', '/a')).bytes.length, 0);
    assert.equal(recorder.lines[0], 'flow › GET /items 200');
    assert.equal(recorder.open, 0);
    assert.ok(recorder.receivedBytes > 0);
  });

  it('have their bodies as they are, or as JSON with its type', async (t) => {
    const target = await serve(t, async (request, response) => {
      const chunks = await request.toArray();
      response.end(
        `${request.headers['content-type']} ${Buffer.concat(chunks).toString('latin1')}`,
      );
    });
    const { http } = connectTo(t, target, { headers: { 'X-All': 'yes' } });
    const send = async (options: object) => (await http().post('/', options)).text();
    assert.equal(await send({ body: 'a b' }), 'undefined a b');
    assert.equal(await send({ body: Buffer.from([0xff]) }), 'undefined \u{ff}');
    assert.equal(await send({ body: new Uint8Array([65]) }), 'undefined A');
    assert.equal(await send({ body: { a: 1 } }), 'application/json {"a":1}');
    assert.equal(await send({ body: null }), 'application/json null');
    const headers = { 'Content-Type': 'application/merge-patch+json' };
    assert.equal(await send({ body: {}, headers }), 'application/merge-patch+json {}');
  });

  it('have the headers of the flow, replaced by their own', async (t) => {
    const target = await serve(t, ({ headers }, response) => {
      response.end(`${headers['x-a']} ${headers['x-b']}`);
    });
    const { http } = connectTo(t, target, { headers: { 'X-A': 'all', 'x-b': 'all' } });
    assert.equal((await http().get('/')).text(), 'all all');
    assert.equal((await http().get('/', { headers: { 'x-a': 'own' } })).text(), 'own all');
  });

  it('share connections that are kept alive', async (t) => {
    const target = await serve(t, (_request, response) => response.end('x'));
    const { http, recorder, client } = connectTo(t, target);
    await Promise.all([http().get('/'), http().get('/'), http().get('/')]);
    await http().get('/');
    assert.equal(recorder.connectMs.length, 3);
    assert.ok(recorder.connectMs.every((ms) => ms >= 0));
    assert.equal(recorder.openConnections, 3);
    await client.close();
    while (recorder.openConnections > 0) await sleep(1);
  });

  it('go over one connection when they come one after the other', async (t) => {
    const target = await serve(t, (_request, response) => response.end('x'));
    const { http, recorder } = connectTo(t, target);
    const inTurn = async (expect: number) => {
      for (let i = 0; i < 50; i++)
        await http()
          .get('/', { expect })
          .catch(() => {});
    };
    await inTurn(200);
    await inTurn(404);
    assert.equal(recorder.connectMs.length, 1);
    await Promise.all([inTurn(200), inTurn(200), inTurn(404)]);
    assert.equal(recorder.connectMs.length, 3);
  });

  it('follow no redirects', async (t) => {
    const target = await serve(t, (_request, response) => {
      response.writeHead(302, { location: 'http://192.0.2.1/' }).end();
    });
    const { http } = connectTo(t, target);
    assert.equal((await http().get('/')).status, 302);
  });

  it('go to other URLs when the guard lets them', async (t) => {
    const target = await serve(t, ({ url }, response) => response.end(`other ${url}`));
    const { http, recorder } = connectTo(t, nowhere);
    const answer = await http().get(new URL('/a?b=1', target).href, { name: 'elsewhere' });
    assert.equal(answer.text(), 'other /a?b=1');
    assert.deepEqual(recorder.lines, ['flow › elsewhere 200']);
    await assert.rejects(http().get('http://192.0.2.1/'), /--i-own-this-host 192\.0\.2\.1/);
    await assert.rejects(http().get('items'), /"items" is no path/);
    await assert.rejects(http().get('ftp://127.0.0.1/'), /is no path/);
    assert.equal(recorder.outcomes.length, 1);
  });

  it('have a target that the guard lets pass', (t) => {
    assert.throws(
      () => connectTo(t, new URL('http://192.0.2.1')),
      /--i-own-this-host 192\.0\.2\.1/,
    );
  });

  it('give a flow no more than so many steps', async (t) => {
    const target = await serve(t, (_request, response) => response.end());
    const { http, recorder } = connectTo(t, target);
    for (let i = 0; i < 210; i++) await http().get(`/items/${i}`);
    assert.equal(recorder.names.length, 1 + 200 + 1);
    assert.equal(recorder.names.at(-1), 'flow › (other steps)');
    assert.equal(recorder.lines.filter((line) => line.includes('(other steps)')).length, 10);
  });
});

describe('times', () => {
  it('count from when a run was due for its first request, from now for those after', async (t) => {
    const target = await serve(t, async (_request, response) => {
      response.write('a');
      await sleep(20);
      response.end('b');
    });
    const { client, recorder } = connectTo(t, target);
    const intendedMs = performance.now() - 500;
    const http = client.forFlow({ intendedMs });
    await http.get('/');
    await http.get('/');
    const [first, second] = recorder.outcomes as [Outcome, Outcome];
    assert.equal(first.intendedMs, intendedMs);
    assert.ok(first.sentMs > intendedMs + 400);
    assert.ok(second.intendedMs >= first.endedMs);
    for (const one of [first, second]) {
      assert.ok(one.intendedMs <= one.sentMs);
      assert.ok(one.sentMs <= one.firstByteMs);
      assert.ok(one.endedMs - one.firstByteMs > 10, 'the first byte comes before the last');
    }
  });
});

describe('failures', () => {
  it('are statuses that are not expected', async (t) => {
    const target = await serve(t, ({ url }, response) => {
      response.writeHead(Number(url?.slice(1))).end('body');
    });
    const { http, recorder } = connectTo(t, target);
    await http().get('/204');
    await http().get('/399');
    const [low, high] = [/^GET \/503 answered 503; expected 200 to 399$/, /expected 404 or 410$/];
    await assert.rejects(http().get('/503'), failure('status', low));
    await http().get('/404', { expect: 404 });
    await http().get('/410', { expect: [404, 410] });
    await http().get('/500', { expect: (status) => status >= 500 });
    await assert.rejects(http().get('/200', { expect: [404, 410] }), failure('status', high));
    await assert.rejects(http().get('/400', { expect: () => false }), failure('status', /400/));
    const expect = (): boolean => {
      throw new Error('of itself');
    };
    await assert.rejects(http().get('/200', { expect }), failure('exception', /of itself/));
    const { outcomes } = recorder;
    assert.deepEqual(
      outcomes.map(({ outcome, isExpected }) => [outcome, isExpected]),
      [
        [204, true],
        [399, true],
        [503, false],
        [404, true],
        [410, true],
        [500, true],
        [200, false],
        [400, false],
        ['exception', false],
      ],
    );
  });

  it('are answers that do not come in time', async (t) => {
    const target = await serve(t, ({ url }, response) => {
      if (url === '/') response.end();
      if (url === '/body') response.write('begin');
    });
    const { http, recorder } = connectTo(t, target, { timeoutMs: 30 });
    // Else a busy machine could spend the time on connecting.
    const connect = () => http().get('/', { timeout: '10s' });
    await connect();
    await assert.rejects(http().get('/head'), failure('timeout', /^GET \/head was not .* 30 ms$/));
    await connect();
    await assert.rejects(http().get('/body', { timeout: '40ms' }), failure('timeout', /40 ms/));
    for (const { sentMs, endedMs } of recorder.outcomes) assert.ok(endedMs - sentMs < 5_000);
    await assert.rejects(http().get('/', { timeout: '1000h' }), /timeout: a duration/);
    await assert.rejects(http().get('/', { timeout: '0s' }), /timeout: a duration/);
  });

  it('are connections that do not come about in time, and never send the request later', async (t) => {
    let answer = (): void => {};
    const requests: (string | undefined)[] = [];
    const target = await serve(t, ({ url }, response) => {
      requests.push(url);
      response.end();
    });
    const slow: TargetGuard = {
      check() {},
      lookup: (_host, _options, callback) => {
        answer = () => callback(null, [{ address: '127.0.0.1', family: 4 }]);
      },
    };
    const named = new URL(`http://slow.test:${target.port}`);
    const { http, recorder } = connectTo(t, named, { guard: slow });
    const late = http().get('/late', { timeout: '30ms' });
    await assert.rejects(late, failure('connect-timeout', /got no connection within 30 ms/));
    assert.ok(Number.isNaN(recorder.outcomes[0]?.sentMs));
    const next = http().get('/next');
    answer();
    await next;
    assert.deepEqual(requests, ['/next']);
  });

  it('are servers that are not there', async (t) => {
    const { http, recorder } = connectTo(t, nowhere);
    await assert.rejects(http().get('/'), failure('refused', /^GET \/: connect ECONNREFUSED/));
    assert.ok(Number.isNaN(recorder.outcomes[0]?.sentMs));
    const named = connectTo(t, new URL('http://nowhere.invalid'));
    await assert.rejects(named.http().get('/'), failure('refused', /nowhere\.invalid/));
  });

  it('are names that mean another machine', async (t) => {
    const { lookup } = createTargetGuard({ ownedHosts: [] });
    const guard: TargetGuard = {
      check() {},
      lookup: (_host, ...rest) => lookup('192.0.2.1', ...rest),
    };
    const { http } = connectTo(t, new URL('http://rebound.test'), { guard });
    await assert.rejects(http().get('/'), failure('exception', /not this machine/));
  });

  const broken: [name: string, sent: string, kind: FailureKind][] = [
    ['nothing', '', 'reset'],
    ['half a head', 'HTTP/1.1 200 OK\r\ncontent-le', 'reset'],
    ['half a body', 'HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf', 'reset'],
    ['half a chunk', 'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab', 'reset'],
    ['another protocol', 'SSH-2.0-OpenSSH_9.9\r\n', 'protocol'],
    ['a bad length', 'HTTP/1.1 200 OK\r\ncontent-length: x\r\n\r\n', 'protocol'],
    ['a huge head', `HTTP/1.1 200 OK\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`, 'protocol'],
  ];
  for (const [name, sent, kind] of broken) {
    it(`are answers that are ${name}`, async (t) => {
      const target = await serveTcp(t, (socket) => {
        socket.once('data', () => socket.end(sent));
      });
      const { http } = connectTo(t, target);
      await assert.rejects(http().get('/'), failure(kind, /^GET \/: ./));
    });
  }

  it('are connections that are reset', async (t) => {
    const target = await serveTcp(t, (socket) => {
      socket.once('data', () => socket.resetAndDestroy());
    });
    const { http } = connectTo(t, target);
    await assert.rejects(http().get('/'), failure('reset', /ECONNRESET/));
  });

  it('are bodies that nobody would hold in memory', async (t) => {
    const mebibyte = Buffer.alloc(1024 * 1024);
    const target = await serve(t, async (_request, response) => {
      response.on('error', () => {});
      while (!response.destroyed) {
        if (!response.write(mebibyte)) await once(response, 'drain').catch(() => {});
      }
    });
    const { http, recorder } = connectTo(t, target);
    await assert.rejects(http().get('/'), failure('protocol', /more than 64 MiB/));
    assert.ok(recorder.receivedBytes < 70 * 1024 * 1024);
  });

  it('are requests that cannot be sent', async (t) => {
    const { http, recorder } = connectTo(t, nowhere);
    await assert.rejects(http().get('/a b'), failure('exception', /invalid request path/));
    await assert.rejects(
      http().get('/', { headers: { 'x-a': 'one\r\nx-b: two' } }),
      failure('exception', /invalid x-a header/),
    );
    await assert.rejects(
      http().request('G T', '/'),
      failure('exception', /invalid request method/),
    );
    assert.equal(recorder.open, 0);
  });

  it('are bodies that are no JSON, for the flow that wants it', async (t) => {
    const target = await serve(t, (_request, response) => response.end('<html>'));
    const { http, recorder } = connectTo(t, target);
    const answer = await http().get('/');
    assert.throws(() => answer.json(), failure('check', /GET \/ answered 200 .* "<html>"/));
    assert.deepEqual(recorder.lines, ['flow › GET / 200']);
  });

  it('do not end the process when nobody awaits them', async (t) => {
    const { http, recorder } = connectTo(t, nowhere);
    void http().get('/');
    while (recorder.open > 0 || recorder.lines.length === 0) await sleep(1);
    await sleep(5);
    assert.deepEqual(recorder.lines, ['flow › GET / refused']);
  });
});

describe('the end of a run', () => {
  it('cuts what is under way, and refuses what comes after', async (t) => {
    const target = await serve(t, () => {});
    const { http, recorder, abort } = connectTo(t, target);
    const [one, two] = [http().get('/'), http().get('/')];
    while (recorder.connectMs.length < 2) await sleep(1);
    abort.abort();
    await assert.rejects(one, failure('cut', /^GET \/ was cut/));
    await assert.rejects(two, failure('cut', /^GET \/ was cut/));
    await assert.rejects(http().get('/after'), failure('cut', /^GET \/after was cut/));
    assert.deepEqual(recorder.lines, ['flow › GET / cut', 'flow › GET / cut']);
  });

  it('leaves no connection behind that is still being opened', async (t) => {
    const asked = Promise.withResolvers<void>();
    const guard: TargetGuard = { check() {}, lookup: () => asked.resolve() };
    const { http, client } = connectTo(t, new URL('http://slow.test'), { guard });
    const request = http().get('/');
    await asked.promise;
    await client.close();
    await assert.rejects(request, failure('cut', /cut/));
  });

  it('does not let a flow that tries again and again keep all else from happening', async (t) => {
    const { http, abort } = connectTo(t, nowhere);
    abort.abort();
    let isOver = false;
    setTimeout(() => {
      isOver = true;
    }, 1);
    while (!isOver)
      await http()
        .get('/')
        .catch(() => {});
  });
});
