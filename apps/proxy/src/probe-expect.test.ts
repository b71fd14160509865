import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type Expectation, GOOD_STATUSES, statusRangeOf, unexpectedIn } from './probe-expect.ts';

const any: Expectation = { statuses: GOOD_STATUSES };

/** What is wrong with an answer that has a role, two cookies and a body that says `ready`. */
function unexpected(expect: Partial<Expectation>, status = 200): string | undefined {
  const headers = { 'x-role': 'primary', 'set-cookie': ['a=1', 'b=2'] };
  return unexpectedIn({ status, headers, body: Buffer.from('é ready') }, { ...any, ...expect });
}

describe('a range of statuses', () => {
  it('is a class or has two ends', () => {
    assert.deepEqual(statusRangeOf('2xx'), [200, 299]);
    assert.deepEqual(statusRangeOf('5xx'), [500, 599]);
    assert.deepEqual(statusRangeOf('200-399'), [200, 399]);
    assert.deepEqual(statusRangeOf('204-204'), [204, 204]);
  });

  for (const text of ['', '1xx', '6xx', '2XX', '299-200', '200', '200-', '200-600', ' 2xx']) {
    it(`is not "${text}"`, () => assert.equal(statusRangeOf(text), undefined));
  }

  it('property: holds what lies between its ends and nothing else', () => {
    const status = fc.integer({ min: 200, max: 599 });
    fc.assert(
      fc.property(status, status, status, (first, last, asked) => {
        const isGood = unexpected({ statuses: [`${first}-${last}`] }, asked) === undefined;
        assert.equal(isGood, first <= asked && asked <= last);
      }),
    );
  });
});

describe('an answer to a probe', () => {
  it('is good when everything expected is there', () => {
    const headers = { 'X-Role': 'primary', 'set-cookie': 'b=2' };
    assert.equal(unexpected({ statuses: [204, '2xx'], headers, body: 'é r' }), undefined);
  });

  for (const [expect, status, reason] of [
    [{}, 503, '503'],
    [{ statuses: [204, '3xx'] }, 200, '200'],
    [{ headers: { 'X-Zone': 'a' } }, 200, '200 without X-Zone'],
    [{ headers: { 'X-Role': 'Primary' } }, 200, '200, but X-Role is not "Primary"'],
    [{ headers: { 'set-cookie': 'a=1, b=2' } }, 200, '200, but set-cookie is not "a=1, b=2"'],
    [{ body: 'READY' }, 200, '200 without "READY" in its body'],
  ] as const) {
    it(`is bad for ${reason}`, () => assert.equal(unexpected(expect, status), reason));
  }
});
