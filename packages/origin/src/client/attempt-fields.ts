// Owns the fields of a call that are different for every attempt.
import { randomBytes } from 'node:crypto';
import {
  childTrace,
  createRandomHex,
  formatTraceparent,
  isValidRequestId,
} from '@headgate/telemetry';
import { deadlineHeader } from '../deadline.ts';
import type { CallScope } from './call-options.ts';

const randomHex = createRandomHex(randomBytes);

/** The lines for what is left of the time, and for the request and the trace an attempt is part of. */
export function attemptLines({ requestId, trace }: CallScope, leftMs: number): string {
  let lines = `${deadlineHeader}: ${Math.max(1, Math.floor(leftMs))}\r\n`;
  if (requestId !== undefined && isValidRequestId(requestId)) {
    lines += `x-request-id: ${requestId}\r\n`;
  }
  // A step of its own for every attempt: they are different exchanges.
  if (trace) lines += `traceparent: ${formatTraceparent(childTrace(trace, randomHex))}\r\n`;
  return lines;
}
