import assert from 'node:assert/strict';
import { test } from 'node:test';
import { HttpProblem } from '../problem.ts';
import {
  type FailureKind,
  failureKinds,
  failureOf,
  refusedCall,
  statusFailure,
} from './failure.ts';
import { PartnerError } from './partner-error.ts';

test('every way a partner fails has its own answer', () => {
  const table: Record<FailureKind, readonly [number, string | undefined]> = {
    unreachable: [503, '1'],
    overload: [503, '1'],
    open: [503, '1'],
    status: [502, undefined],
    'too-large': [502, undefined],
    invalid: [502, undefined],
    timeout: [504, undefined],
    aborted: [499, undefined],
  };
  for (const kind of failureKinds) {
    const error = new PartnerError(failureOf(kind, 'partner /a: oh'));
    const [status, retryAfter] = table[kind];
    assert.ok(error instanceof HttpProblem);
    assert.deepEqual([error.kind, error.status], [kind, status]);
    assert.equal(error.headers['retry-after'], retryAfter, kind);
    assert.equal(error.message, 'partner /a: oh');
  }
});

test('Retry-After is what the breaker says, in whole seconds', () => {
  const error = new PartnerError(failureOf('open', 'partner /a: open', 1_001));
  assert.equal(error.headers['retry-after'], '2');
});

test("the partner's status is told to the client", () => {
  const error = new PartnerError(statusFailure(503, 'partner /a: answered 503'));
  assert.deepEqual([error.status, error.extra], [502, { partnerStatus: 503 }]);
});

test('a call that may not be made is a defect of ours', () => {
  const error = new PartnerError(refusedCall('partner: no'));
  assert.deepEqual([error.status, error.side], [500, 'origin']);
});
