import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ErrorPage, errorPage, type FailureKind, failure, statusOf } from './errors.ts';

/** The table once more, so that a change to it is a decision and not an accident. */
const rows: [kind: FailureKind, status: number, side: string, retryable: boolean][] = [
  ['bad-request', 400, 'client', false],
  ['no-route', 404, 'client', false],
  ['method-refused', 405, 'client', false],
  ['slow-request', 408, 'client', false],
  ['body-too-large', 413, 'client', false],
  ['target-too-long', 414, 'client', false],
  ['expectation-failed', 417, 'client', false],
  ['upgrade-refused', 426, 'client', false],
  ['head-too-large', 431, 'client', false],
  ['client-gone', 499, 'client', false],
  ['internal', 500, 'edge', false],
  ['upstream-status', 502, 'upstream', true],
  ['hedge-lost', 502, 'edge', false],
  ['upstream-reset', 502, 'upstream', true],
  ['upstream-invalid', 502, 'upstream', false],
  ['truncated', 502, 'upstream', false],
  ['overloaded', 503, 'edge', false],
  ['no-upstream', 503, 'upstream', false],
  ['connect-failed', 503, 'upstream', true],
  ['connect-timeout', 503, 'upstream', true],
  ['deadline-too-short', 504, 'client', false],
  ['first-byte-timeout', 504, 'upstream', false],
  ['total-timeout', 504, 'edge', false],
  ['idle-timeout', 504, 'upstream', false],
];

function headerOf(page: ErrorPage, name: string): string | undefined {
  const at = page.headers.indexOf(name);
  return at < 0 ? undefined : page.headers[at + 1];
}

for (const [kind, status, side, retryable] of rows) {
  describe(`the failure ${kind}`, () => {
    const problem = failure(kind, 'what happened');

    it(`is the ${side}'s and ${retryable ? 'may' : 'may not'} be tried again`, () => {
      const { retryAfterSeconds, ...facts } = problem;
      assert.deepEqual(facts, { kind, side, retryable, detail: 'what happened' });
      assert.equal(retryAfterSeconds, undefined);
      assert.equal(statusOf(kind), status);
    });

    it('has a page of problem+json that agrees with its status line', () => {
      const page = errorPage(problem, 'id-1');
      const { title, ...body } = JSON.parse(page.body) as Record<string, unknown>;
      assert.equal(page.status, status);
      assert.equal(headerOf(page, 'content-type'), 'application/problem+json');
      assert.ok(typeof title === 'string' && title.length > 0);
      assert.deepEqual(body, {
        type: `urn:headgate:problem:${kind}`,
        status,
        detail: 'what happened',
        kind,
        side,
        requestId: 'id-1',
      });
    });

    it(`${status === 503 ? 'says' : 'does not say'} when to come back`, () => {
      const retryAfter = headerOf(errorPage(problem, 'id-1'), 'retry-after');
      if (status === 503) assert.match(retryAfter ?? '', /^[1-9]\d*$/);
      else assert.equal(retryAfter, undefined);
    });
  });
}

describe('an error page', () => {
  it('leaves its length to whoever writes it, with the protocol of the client', () => {
    assert.equal(
      headerOf(errorPage(failure('internal', 'x'), 'id-1'), 'content-length'),
      undefined,
    );
  });

  it('says when to come back where more is known than usual', () => {
    const page = errorPage(failure('overloaded', 'x', 7), 'id-1');
    assert.equal(headerOf(page, 'retry-after'), '7');
  });

  it('is not stored and carries the request id and the extra fields', () => {
    const page = errorPage(failure('method-refused', 'GET only'), 'id-1', ['allow', 'GET']);
    assert.equal(headerOf(page, 'cache-control'), 'no-store');
    assert.equal(headerOf(page, 'x-request-id'), 'id-1');
    assert.equal(headerOf(page, 'allow'), 'GET');
  });
});
