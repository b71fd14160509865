import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { createRandomHex } from './random-hex.ts';
import { childTrace, formatTraceparent, newTrace, parseTraceparent } from './trace-context.ts';

const traceId = '0af7651916cd43dd8448eb211c80319c';
const spanId = 'b7ad6b7169203331';

test('the example of the specification is understood', () => {
  const context = parseTraceparent(`00-${traceId}-${spanId}-01`);
  assert.deepEqual(context, { traceId, spanId, isSampled: true });
  assert.equal(parseTraceparent(`00-${traceId}-${spanId}-00`)?.isSampled, false);
});

test('flags this version does not know are ignored and not passed on', () => {
  const context = parseTraceparent(`00-${traceId}-${spanId}-ff`);
  assert.ok(context);
  assert.equal(formatTraceparent(context), `00-${traceId}-${spanId}-01`);
  assert.equal(parseTraceparent(`00-${traceId}-${spanId}-fe`)?.isSampled, false);
});

test('a later version is read as far as we know it', () => {
  const expected = { traceId, spanId, isSampled: true };
  assert.deepEqual(parseTraceparent(`cc-${traceId}-${spanId}-01`), expected);
  assert.deepEqual(parseTraceparent(`cc-${traceId}-${spanId}-01-what-comes-next`), expected);
  assert.equal(parseTraceparent(`cc-${traceId}-${spanId}-01.what-comes-next`), undefined);
  assert.equal(parseTraceparent(`cc-${traceId}-${spanId}-01what`), undefined);
});

const refused: readonly [why: string, header: string | undefined][] = [
  ['no header', undefined],
  ['nothing in it', ''],
  ['version ff', `ff-${traceId}-${spanId}-01`],
  ['a trace id of zeros', `00-${'0'.repeat(32)}-${spanId}-01`],
  ['a span id of zeros', `00-${traceId}-${'0'.repeat(16)}-01`],
  ['upper case', `00-${traceId.toUpperCase()}-${spanId}-01`],
  ['a letter that is not hex', `00-${traceId.replace('a', 'g')}-${spanId}-01`],
  ['a short trace id', `00-${traceId.slice(1)}-${spanId}-01`],
  ['a long span id', `00-${traceId}-${spanId}0-01`],
  ['short flags', `00-${traceId}-${spanId}-1`],
  ['no flags', `00-${traceId}-${spanId}`],
  ['more than version 00 has', `00-${traceId}-${spanId}-01-00`],
  ['a dash at the end', `00-${traceId}-${spanId}-01-`],
  ['other separators', `00_${traceId}_${spanId}_01`],
  ['white space', ` 00-${traceId}-${spanId}-01`],
  ['two headers joined', `00-${traceId}-${spanId}-01,00-${traceId}-${spanId}-01`],
];

for (const [why, header] of refused) {
  test(`refused: ${why}`, () => {
    assert.equal(parseTraceparent(header), undefined);
  });
}

test('a child stays in the trace and keeps its sampling, under an id of its own', () => {
  for (const isSampled of [true, false]) {
    const child = childTrace({ traceId, spanId, isSampled }, createRandomHex(randomBytes));
    assert.equal(child.traceId, traceId);
    assert.equal(child.isSampled, isSampled);
    assert.notEqual(child.spanId, spanId);
  }
});

test('property: what is made from any bytes, zeros too, can be parsed again', () => {
  const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
  const zeros = fc.constant(new Uint8Array(16));
  fc.assert(
    fc.property(fc.oneof(bytes, zeros), (pattern) => {
      const context = newTrace((count) => Buffer.from(pattern).toString('hex').slice(0, count));
      assert.deepEqual(parseTraceparent(formatTraceparent(context)), context);
    }),
  );
});
