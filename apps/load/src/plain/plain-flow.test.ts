import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { isExpectedStatus } from '../flows/expectation.ts';
import type { StatusExpectation } from '../scenario.ts';
import { createClient, OK, outcomes, serveRaw } from './plain.test-support.ts';
import { PlainFlow, type PlainFlowOptions } from './plain-flow.ts';

/** Sends one request of a flow; what the server saw, and how it went. */
async function send(t: TestContext, options: Partial<PlainFlowOptions>, user?: unknown) {
  const { port, requests } = await serveRaw(t, (socket) => socket.write(OK));
  const { client, recording, series } = createClient(t, port);
  const flow = new PlainFlow({
    client,
    series,
    authority: 'shop.test:81',
    headers: {},
    isChurning: false,
    expect: undefined,
    request: { path: '/a?b' },
    ...options,
  });
  await new Promise<void>((resolve) => {
    flow.begin(performance.now(), { flowEnded: () => resolve() }, user);
  });
  return { text: requests[0]?.text, outcomes: outcomes(recording.take()) };
}

describe('a plain flow', () => {
  it('asks with GET and the authority of the target', async (t) => {
    const { text, outcomes } = await send(t, {});
    assert.equal(text, 'GET /a?b HTTP/1.1\r\nhost: shop.test:81\r\n\r\n');
    assert.deepEqual(outcomes, { '200': 1 });
  });

  it('replaces headers of the run with those of the request, whatever their case', async (t) => {
    const headers = { Accept: '*/*', 'X-Kept': '1' };
    const request = { path: '/', headers: { ACCEPT: 'text/html', HOST: 'other' } };
    const { text } = await send(t, { headers, request });
    assert.equal(text, 'GET / HTTP/1.1\r\nHOST: other\r\nACCEPT: text/html\r\nX-Kept: 1\r\n\r\n');
  });

  it('sends a body in UTF-8, with its length in bytes', async (t) => {
    const { text } = await send(t, { request: { path: '/', method: 'POST', body: 'zwölf €' } });
    const [head, body = ''] = text?.split('\r\n\r\n') ?? [];
    assert.match(head ?? '', /^POST \/ .*\r\ncontent-length: 10$/s);
    assert.equal(Buffer.from(body, 'latin1').toString('utf8'), 'zwölf €');
  });

  it('says that an empty body is empty', async (t) => {
    const { text } = await send(t, { request: { path: '/', method: 'POST', body: '' } });
    assert.match(text ?? '', /\r\ncontent-length: 0\r\n\r\n$/);
  });

  it('closes the connection of every request when it churns, whatever the headers', async (t) => {
    const { text } = await send(t, { isChurning: true, headers: { Connection: 'keep-alive' } });
    assert.match(text ?? '', /\r\nconnection: close\r\n/);
    assert.doesNotMatch(text ?? '', /keep-alive/);
  });

  it('counts a request that cannot be made as the exception it is', async (t) => {
    const request = () => {
      throw new Error('no such user');
    };
    const { text, outcomes } = await send(t, { request });
    assert.equal(text, undefined);
    assert.deepEqual(outcomes, { '!exception': 1 });
  });

  it('makes a request for each user', async (t) => {
    const request = (user: unknown) => ({ path: `/${user}` });
    const { text } = await send(t, { request }, 'ann');
    assert.match(text ?? '', /^GET \/ann /);
  });

  it('counts what it did not expect as failed', async (t) => {
    const { outcomes } = await send(t, { expect: [201, 202] });
    assert.deepEqual(outcomes, { '!200': 1 });
  });

  it('refuses a request that cannot be written', async (t) => {
    for (const request of [
      { path: '/a b' },
      { path: '/', method: 'GET /' },
      { path: '/', headers: { a: 'b\r\nc: d' } },
    ]) {
      await assert.rejects(send(t, { request }), TypeError);
    }
  });
});

describe('an expectation', () => {
  const accepted = (expect: StatusExpectation | undefined) =>
    [199, 200, 304, 399, 400, 404, 503].filter((status) => isExpectedStatus(expect, status));

  it('is 200 to 399, a status, some of them, or a test', () => {
    assert.deepEqual(accepted(undefined), [200, 304, 399]);
    assert.deepEqual(accepted(404), [404]);
    assert.deepEqual(accepted([200, 503]), [200, 503]);
    assert.deepEqual(
      accepted((status) => status > 400),
      [404, 503],
    );
  });
});
