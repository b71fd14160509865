import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Failure, FailureKind } from '@headgate/origin/client';
import { missing } from './failure-answer.ts';

function failure(kind: FailureKind, status?: number): Failure {
  return {
    kind,
    side: 'partner',
    retryable: true,
    message: `partner /posts/7: ${kind}`,
    ...(status !== undefined && { status }),
  };
}

test("the partner's status is told to the client", () => {
  assert.deepEqual(missing('post', failure('status', 500)), {
    part: 'post',
    reason: 'status',
    status: 500,
    message: 'partner /posts/7: status',
  });
  assert.equal('status' in missing('post', failure('timeout')), false);
});
