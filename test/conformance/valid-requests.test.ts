/** Every valid request of the codec's corpus, sent through a running edge, arrives as it was meant. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { type AcceptedCase, validRequests } from '@headgate/http1/corpus';
import { assertAnswered, readAnswers, shown } from '../support/answers.ts';
import { valuesOf } from '../support/http-message.ts';
import { type ProxyProcess, startProxyTo } from '../support/proxy-process.ts';
import { get, getText, openClient } from '../support/raw-client.ts';
import { type StrictOrigin, startStrictOrigin } from '../support/strict-origin.ts';

/** Well formed, but not for the edge to pass on. */
const REFUSED: Readonly<Record<string, number>> = { CONNECT: 405, 'OPTIONS *': 405 };

/** Targets that are sent on in another form than they came. */
const ORIGIN_FORM: Readonly<Record<string, string>> = {
  'http://b.example:81/x?y': '/x?y',
  'HTTPS://b': '/',
  'http://b?q=\\': '/?q=\\',
};

let origin: StrictOrigin;
let proxy: ProxyProcess;

before(async () => {
  origin = await startStrictOrigin();
  proxy = await startProxyTo([origin.url]);
});

after(async () => {
  await proxy[Symbol.asyncDispose]();
  await origin[Symbol.asyncDispose]();
});

/** What `bytes` ask for; empty lines may stand before. */
function requestLineOf(bytes: string): { method: string; target: string } {
  const [method = '', target = ''] = bytes.replace(/^(\r\n)+/, '').split(' ', 2);
  return { method, target };
}

function refusalOf(bytes: string): number | undefined {
  const { method, target } = requestLineOf(bytes);
  return REFUSED[method] ?? REFUSED[`${method} ${target}`];
}

function nameOf({ theme, bytes }: AcceptedCase): string {
  return bytes.length > 60 ? theme : `${theme} ${JSON.stringify(bytes)}`;
}

for (const valid of validRequests) {
  const { bytes, body } = valid;
  const status = refusalOf(bytes);
  if (status !== undefined) {
    test(`${nameOf(valid)} is answered ${status} and goes no further`, async () => {
      const before = origin.taken.length;
      await using client = await openClient(proxy.port);
      client.send(bytes);
      assert.equal((await client.response()).status, status);
      assert.equal((await get(proxy.port, '/after')).text, '/after');
      assert.deepEqual(
        origin.taken.slice(before).map(({ target }) => target),
        ['/after'],
      );
    });
    continue;
  }
  test(`${nameOf(valid)} arrives once, with its method, target and body`, async () => {
    const { method, target } = requestLineOf(bytes);
    const wanted = ORIGIN_FORM[target] ?? target;
    const before = origin.taken.length;
    await using client = await openClient(proxy.port);
    // What ends the connection tells that nothing but the one answer came before.
    client.send(bytes + getText('/last', 'Connection: close'));
    await client.ended();

    const { whole, broken } = readAnswers(client.unread);
    assert.equal(broken.length, 0, shown(broken));
    const [answer, last] = whole;
    assertAnswered(answer, wanted);
    if (last) assertAnswered(last, '/last');

    const seen = origin.taken.slice(before);
    assert.ok(seen.every(({ head }) => valuesOf(head, 'via').length === 1));
    assert.deepEqual(
      seen.map((one) => [one.method, one.target, one.body.toString('latin1')]),
      [[method, wanted, body], ...(last ? [['GET', '/last', '']] : [])],
    );
  });
}
