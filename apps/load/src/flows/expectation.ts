/** Which statuses of an answer are no failure. */
import type { StatusExpectation } from '../scenario.ts';

/** 200 to 399 unless something else is expected. */
export function isExpectedStatus(expect: StatusExpectation | undefined, status: number): boolean {
  if (expect === undefined) return status >= 200 && status < 400;
  if (typeof expect === 'function') return expect(status);
  return typeof expect === 'number' ? status === expect : expect.includes(status);
}

/** Completes "expected …". */
export function describeExpectation(expect: StatusExpectation | undefined): string {
  if (expect === undefined) return '200 to 399';
  if (typeof expect === 'function') return 'another, says the flow';
  return typeof expect === 'number' ? String(expect) : expect.join(' or ');
}
