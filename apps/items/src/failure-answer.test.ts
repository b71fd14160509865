import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Failure, FailureKind } from '@headgate/origin/client';
import { failureProblem, missing } from './failure-answer.ts';

function failure(kind: FailureKind, status?: number): Failure {
  return {
    kind,
    side: 'partner',
    retryable: true,
    message: `partner /posts/7: ${kind}`,
    ...(status !== undefined && { status }),
  };
}

test('every way a partner fails has its own answer', () => {
  const table: [FailureKind, number, string | undefined][] = [
    ['unreachable', 503, '1'],
    ['overload', 503, '1'],
    ['status', 502, undefined],
    ['invalid', 502, undefined],
    ['timeout', 504, undefined],
    ['aborted', 499, undefined],
  ];
  for (const [kind, status, retryAfter] of table) {
    const problem = failureProblem(failure(kind));
    assert.equal(problem.kind, kind);
    assert.equal(problem.status, status, kind);
    assert.equal(problem.headers['retry-after'], retryAfter, kind);
  }
});

test("the partner's status is told to the client", () => {
  assert.deepEqual(failureProblem(failure('status', 500)).extra, { partnerStatus: 500 });
  assert.deepEqual(missing('post', failure('status', 500)), {
    part: 'post',
    reason: 'status',
    status: 500,
    message: 'partner /posts/7: status',
  });
  assert.equal('status' in missing('post', failure('timeout')), false);
});
