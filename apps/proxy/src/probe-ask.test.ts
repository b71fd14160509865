import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { describe, it, type TestContext } from 'node:test';
import { upstreamAddressOf } from './address.ts';
import { answering, type FakeUpstream, startFakeUpstream } from './fake-upstream.test-support.ts';
import { askUpstream, type ProbeAnswer, type ProbeQuestion } from './probe-ask.ts';
import { socketPathFor } from './socket-path.test-support.ts';

const never = new AbortController().signal;
const tcp = { type: 'tcp', timeoutMs: 30_000 } as const;
const http = { type: 'http', path: '/health', timeoutMs: 30_000 } as const;

function ask(url: string, question: ProbeQuestion, stopped = never): Promise<ProbeAnswer> {
  const address = upstreamAddressOf(url);
  const connection = { address, connectTimeoutMs: 30_000, headSizeBytes: 16_384 };
  return askUpstream(connection, question, stopped);
}

async function upstreamFor(t: TestContext, answer: FakeUpstream['answer']) {
  const upstream = await startFakeUpstream(answer);
  t.after(() => upstream.close());
  return upstream;
}

/** Accepts connections and never says a word; counts them. */
async function mutePlaceFor(t: TestContext, path?: string) {
  const place = { url: '', accepted: 0 };
  const server = createServer((socket) => {
    place.accepted++;
    socket.resume();
  });
  if (path === undefined) server.listen(0, '127.0.0.1');
  else server.listen(path);
  await once(server, 'listening');
  t.after(() => server.close());
  place.url = path ? `unix:${path}` : `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return place;
}

describe('a probe of type tcp', () => {
  const accepted = { isGood: true, reason: 'accepted a connection' };

  it('wants a connection accepted and nothing more', async (t) => {
    const place = await mutePlaceFor(t);
    assert.deepEqual(await ask(place.url, tcp), accepted);
    assert.equal(place.accepted, 1);
  });

  it('sends no TLS to an https upstream', async (t) => {
    const { url } = await mutePlaceFor(t);
    assert.deepEqual(await ask(url.replace('http:', 'https:'), tcp), accepted);
  });

  it('goes over a unix socket', async (t) => {
    const { url } = await mutePlaceFor(t, await socketPathFor(t));
    assert.deepEqual(await ask(url, tcp), accepted);
  });

  it('says that nobody listens', async (t) => {
    const upstream = await startFakeUpstream(answering(200));
    await upstream.close();
    const refused = { isGood: false, reason: 'refused the connection (ECONNREFUSED)' };
    assert.deepEqual(await ask(upstream.url, tcp), refused);
    const gone = `unix:${await socketPathFor(t)}`;
    const missing = { isGood: false, reason: 'has no socket at its path (ENOENT)' };
    assert.deepEqual(await ask(gone, tcp), missing);
  });

  it('ends when it is stopped', async (t) => {
    const { url } = await mutePlaceFor(t);
    const { isGood } = await ask(url, tcp, AbortSignal.abort());
    assert.equal(isGood, false);
  });
});

describe('a probe of another port', () => {
  for (const question of [tcp, http]) {
    it(`goes there and not to the upstream's own (${question.type})`, async (t) => {
      const own = await mutePlaceFor(t);
      const other = await upstreamFor(t, answering(200));
      const port = Number(new URL(other.url).port);
      const { isGood, reason } = await ask(own.url, { ...question, port });
      assert.ok(isGood, reason);
      assert.equal(own.accepted, 0);
    });
  }
});

describe('a probe of type http', () => {
  it('asks for the host it is told, and otherwise for that of the address', async (t) => {
    const upstream = await upstreamFor(t, answering(200));
    await ask(upstream.url, { ...http, host: 'items.internal:8080' });
    await ask(upstream.url, http);
    assert.deepEqual(
      upstream.requests.map(({ headers }) => headers.host),
      ['items.internal:8080', new URL(upstream.url).host],
    );
  });

  it('judges the answer by what is expected', async (t) => {
    const upstream = await upstreamFor(t, (_message, response) => {
      response.writeHead(418, { 'x-role': 'primary' }).end('short and stout');
    });
    const expect = { statuses: [418], headers: { 'X-Role': 'primary' }, body: 'stout' };
    assert.deepEqual(await ask(upstream.url, { ...http, expect }), {
      isGood: true,
      reason: 'answered',
    });
    assert.deepEqual(await ask(upstream.url, { ...http, expect: { ...expect, body: 'tall' } }), {
      isGood: false,
      reason: '/health answered 418 without "tall" in its body',
    });
  });

  it('finds text across chunks, but not beyond the first 64 KiB', async (t) => {
    const upstream = await upstreamFor(t, (_message, response) => {
      response.write('re');
      response.write('ady');
      response.end(`${' '.repeat(65_536)}late`);
    });
    const about = (body: string) =>
      ask(upstream.url, { ...http, expect: { statuses: [200], body } });
    assert.equal((await about('ready')).isGood, true);
    assert.equal((await about('late')).isGood, false);
  });

  it('says that something else than HTTP answered', async (t) => {
    const server = createServer((socket) => {
      socket.on('error', () => {}).resume();
      socket.end('220 mail\r\n\r\n');
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    t.after(() => server.close());
    const { port } = server.address() as AddressInfo;
    const { isGood, reason } = await ask(`http://127.0.0.1:${port}`, http);
    assert.equal(isGood, false);
    assert.match(reason, /does not match the HTTP/);
  });
});
