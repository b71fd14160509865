import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type Checked, checkAnswers, targetFor } from './origin-entrant.ts';
import { bareHono } from './origin-programs.ts';

const checks = { checkedIds: [1, 2], refused: ['/rows/0'] };

test('the same JSON passes, however it is written', async (t) => {
  const ours = await serve(t, 'ours', (id) => `{"id":${id},"name":"Ada"}`);
  const theirs = await serve(t, 'theirs', (id) => `{ "name": "Ada", "id": ${id} }`);
  await checkAnswers(checks, theirs, ours, t.signal);
});

test('another answer does not take part', async (t) => {
  const ours = await serve(t, 'ours', (id) => `{"id":${id}}`);
  const theirs = await serve(t, 'theirs', () => '{"id":1}');
  await assert.rejects(checkAnswers(checks, theirs, ours, t.signal), /theirs answers 2 otherwise/);
});

test('an error is no answer', async (t) => {
  const ours = await serve(t, 'ours', () => undefined);
  await assert.rejects(
    checkAnswers(checks, ours, ours, t.signal),
    /answered \/rows\/1 with 404: not here/,
  );
});

test('who is to validate has to refuse what is wrong', async (t) => {
  const lax = await serve(t, 'lax', (id) => `{"id":${id}}`, { mayRefuse: false });
  await assert.rejects(
    checkAnswers(checks, lax, lax, t.signal),
    /answered \/rows\/0 with 200, and should have refused it/,
  );
  const unasked: Checked = { ...lax, entry: { ...lax.entry, hasNoValidation: true } };
  await checkAnswers(checks, unasked, lax, t.signal);
});

test('the id is put in its place in the target', () => {
  assert.equal(targetFor('/feed?from={id}&count=3', 7), '/feed?from=7&count=3');
  assert.equal(targetFor('/hello/42', 7), '/hello/42');
});

/** A server that answers with what `answer` says of the id, and refuses id 0 unless told not to. */
async function serve(
  t: TestContext,
  name: string,
  answer: (id: string) => string | undefined,
  { mayRefuse = true } = {},
): Promise<Checked> {
  const server = createServer((request, response) => {
    const id = request.url?.split('/').at(-1) ?? '';
    const body = id === '0' && mayRefuse ? undefined : answer(id);
    response.statusCode = body === undefined ? 404 : 200;
    response.end(body ?? 'not here');
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  const { port } = server.address() as AddressInfo;
  return {
    entry: { name, isOurs: false, program: bareHono, target: '/rows/{id}' },
    entrant: { name, url: `http://127.0.0.1:${port}` },
  };
}
