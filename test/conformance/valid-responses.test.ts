/** Every valid response of the codec's corpus, as the answer of an upstream, reaches the client. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type AcceptedResponse, validResponses } from '@headgate/http1/corpus';
import { readAnswers, shown } from '../support/answers.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { get, openClient } from '../support/raw-client.ts';
import { type RecordingOrigin, startOrigin } from '../support/recording-origin.ts';

/** Fields that are about one connection, and how long a body is, which the edge says anew. */
const OF_THE_CONNECTION = new Set(['connection', 'transfer-encoding', 'upgrade', 'keep-alive']);

/** What the edge adds or replaces. */
const OF_THE_EDGE = new Set(['x-request-id', 'date', 'via', 'content-length']);

let origin: RecordingOrigin;
let proxy: ProxyProcess;

before(async () => {
  origin = await startOrigin();
  proxy = await startProxyTo([origin.url], { timeouts: { firstByte: '3s', idle: '3s' } });
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

type FieldLines = readonly (readonly [name: string, value: string])[];

/** The end-to-end fields of the last head in `bytes`, which interim ones may precede. */
function writtenFields(bytes: string): { status: number; fields: FieldLines } {
  const heads = bytes.split('\r\n\r\n').filter((part) => part.startsWith('HTTP/1.'));
  const final = heads.find((head) => !/^HTTP\/1\.. 1\d\d/.test(head)) ?? '';
  const [line = '', ...lines] = final.split('\r\n');
  const fields = lines.map((field) => {
    const [name = '', ...rest] = field.split(':');
    return [name, rest.join(':').trim()] as const;
  });
  return { status: Number(line.slice(9, 12)), fields };
}

function endToEnd(fields: FieldLines): string[] {
  return fields
    .filter(([name]) => !OF_THE_CONNECTION.has(name.toLowerCase()))
    .filter(([name]) => !OF_THE_EDGE.has(name.toLowerCase()))
    .map(([name, value]) => `${name.toLowerCase()}: ${value}`);
}

function nameOf({ theme, method }: AcceptedResponse): string {
  return method === 'GET' ? theme : `${theme} (${method})`;
}

// The edge asks no upstream to CONNECT, and answers a 101 that nobody asked for with a page.
const passedOn = validResponses.filter(
  ({ method, bytes }) => method !== 'CONNECT' && !bytes.startsWith('HTTP/1.1 101'),
);

for (const valid of passedOn) {
  test(`an answer passes with its status, fields and body: ${nameOf(valid)}`, async () => {
    const { bytes, body, method, endsWithConnection } = valid;
    assert.equal((await get(proxy.port, '/good')).text, 'ok');
    origin.script = ({ socket }) => {
      origin.script = (request) => request.answer('ok');
      if (endsWithConnection) socket.end(bytes, 'latin1');
      else socket.write(bytes, 'latin1');
    };
    await using client = await openClient(proxy.port);
    client.send(`${method} /odd HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`);
    await client.ended();

    const { whole, broken } = readAnswers(client.unread, method);
    assert.equal(broken.length, 0, shown(client.unread));
    assert.equal(whole.length, 1, shown(client.unread));
    const [answer] = whole;
    const { status, fields } = writtenFields(bytes);
    assert.equal(answer?.status, status);
    assert.equal(answer?.body.toString('latin1'), body);
    assert.deepEqual(endToEnd(answer?.head.fields ?? []), endToEnd(fields));
    assert.equal((await get(proxy.port, '/good')).text, 'ok');
  });
}

test('a 101 that nobody asked for is a page', async () => {
  origin.script = ({ socket }) => {
    origin.script = (request) => request.answer('ok');
    socket.write('HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n');
  };
  assert.equal((await get(proxy.port)).status, 502);
  assert.equal((await get(proxy.port, '/good')).text, 'ok');
});
