import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { fieldLines, mergedLines } from './outgoing-fields.ts';
import { setUp } from './wire.test-support.ts';

test('fields become lines with names in lower case', () => {
  assert.equal(fieldLines({ 'X-One': 'a b', Two: 'é' }), 'x-one: a b\r\ntwo: é\r\n');
});

test('a call overrides what its client sends', () => {
  assert.equal(
    mergedLines({ accept: 'a', authorization: 'b' }, { Accept: 'c' }),
    'authorization: b\r\naccept: c\r\n',
  );
});

test('what would be another field, or belongs to the connection, is refused', () => {
  for (const value of ['a\r\nb: c', 'a\nb', 'a\rb', 'a\0b', '\u0100']) {
    assert.throws(() => fieldLines({ x: value }), /header x has a value/, JSON.stringify(value));
  }
  for (const name of ['', 'a b', 'a:', 'a\r\nb', 'é', 'a\t']) {
    assert.throws(() => fieldLines({ [name]: 'v' }), /is not a token/, JSON.stringify(name));
  }
  const own = ['Host', 'Content-Length', 'transfer-encoding', 'Connection', 'TE', 'Upgrade'];
  for (const name of [...own, 'Headgate-Deadline-Ms', 'X-Request-Id', 'Expect']) {
    assert.throws(() => fieldLines({ [name]: 'v' }), /is the client's own/, name);
  }
});

test('property: whatever is let through is exactly one line per field', () => {
  const text = fc.string({ unit: 'binary' });
  fc.assert(
    fc.property(fc.dictionary(text, text), (fields) => {
      let lines: string;
      try {
        lines = fieldLines(fields);
      } catch (error) {
        assert.ok(error instanceof TypeError);
        return;
      }
      assert.equal(lines.split('\r\n').length - 1, Object.keys(fields).length);
      assert.equal(/[\0\n\r]/.test(lines.replaceAll('\r\n', '')), false);
    }),
  );
});

test('nothing hostile gets onto the wire: not by header, method, path or request id', async (t) => {
  const { client, wire } = setUp(t);
  const hostile = 'x\r\nevil: 1';
  const refused = [
    await client.get(['a'], { headers: { x: hostile } }),
    await client.get(['..'], {}),
    await client.request({ method: `GET / HTTP/1.1\r\n`, segments: ['a'] }),
    await client.request({ method: 'CONNECT', segments: ['a'] }),
    await client.request({ method: 'POST', segments: ['a'], idempotencyKey: hostile }),
    await client.request({ method: 'POST', segments: ['a'], json: 1, body: 'x' }),
  ];
  for (const result of refused) {
    assert.ok(!result.ok);
    assert.deepEqual([result.failure.kind, result.failure.side], ['invalid', 'origin']);
  }
  assert.equal(wire.sent.length, 0);
  const sent = [
    client.get([hostile], { query: { [hostile]: hostile } }),
    client.get(['a'], { scope: { requestId: hostile } }),
  ];
  assert.equal(wire.sent.length, 2);
  for (const { request } of wire.sent) {
    assert.equal(request.path.includes('\r'), false);
    assert.equal(request.fields.includes('evil'), false);
  }
  for (const attempt of wire.open) attempt.answer();
  await Promise.all(sent);
});
