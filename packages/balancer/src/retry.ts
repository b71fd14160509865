/** May a failed attempt be made again, without doing anything twice that must happen once? */

/** What is known about a request after an attempt has failed. */
export interface RetryQuestion {
  readonly method: string;
  /** The route knows better than the method, either way. */
  readonly isIdempotent?: boolean | undefined;
  /** Attempts made so far, the failed one included. */
  readonly attempts: number;
  readonly maxAttempts: number;
  /** A byte of the request may have reached an upstream; false when connecting failed. */
  readonly wasAnythingSent: boolean;
  /** A byte of the response has gone to the client. */
  readonly hasResponseStarted: boolean;
  /** The whole request body, if there is one, can still be sent from its first byte. */
  readonly canReplayBody: boolean;
}

/**
 * True when another attempt is safe and allowed. A method that is not idempotent is only repeated
 * when nothing was sent (RFC 9110 §9.2.2); nothing is repeated once the client saw a byte of the
 * response or a byte of the body is gone.
 */
export function mayRetry(question: RetryQuestion): boolean {
  if (question.attempts >= question.maxAttempts) return false;
  if (question.hasResponseStarted || !question.canReplayBody) return false;
  return (
    !question.wasAnythingSent || (question.isIdempotent ?? isIdempotentMethod(question.method))
  );
}

const idempotentMethods: ReadonlySet<string> = new Set([
  'GET',
  'HEAD',
  'OPTIONS',
  'TRACE',
  'PUT',
  'DELETE',
]);

/** Idempotent by definition (RFC 9110 §9.2.2). Methods are case-sensitive: `get` is not. */
export function isIdempotentMethod(method: string): boolean {
  return idempotentMethods.has(method);
}
