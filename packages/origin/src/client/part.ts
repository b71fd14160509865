// Owns what the parts of a fan-out are, and how their outcomes are told apart.
import { HttpProblem } from '../problem.ts';
import type { Answered, Failed } from './call-options.ts';
import { abortFailure, type Failure, type FailureKind, failureOf } from './failure.ts';
import { PartnerError } from './partner-error.ts';

/**
 * One part of a fan-out: a partner call, or anything else that gives a value or rejects. `signal`
 * aborts when the part is no longer wanted: pass it on.
 */
export type Part<Result> = (signal: AbortSignal) => Promise<Result>;

/** Parts by name. */
export type Parts = Readonly<Record<string, Part<unknown>>>;

/** What a part gives when it goes well: the body of a partner's answer, any other value as it is. */
export type ValueOf<Result> = Result extends Failed
  ? never
  : Result extends Answered<infer Body>
    ? Body
    : Result;

/** The same of a function. */
export type PartValue<Given> = Given extends Part<infer Result> ? ValueOf<Result> : never;

/** What a fan-out as a whole is given. */
export interface FanOutOptions {
  /** Gives up every part, those that have not started as well. */
  readonly signal?: AbortSignal | undefined;
}

/** A part left out of a partial answer, and why; in words fit for a client. */
export interface Missing<Name = string> {
  readonly part: Name;
  readonly reason: FailureKind | (string & {});
  /** The partner's status, with reason `status`. */
  readonly status?: number;
  readonly message: string;
}

/** How a part ended. */
export type Outcome<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: HttpProblem; readonly failure: Failure | undefined };

/**
 * Runs a part. Partner failures and problems are outcomes; anything else it rejects with is a
 * defect, and is thrown, but not once `signal` has aborted: then that is why.
 */
export async function run<Result>(
  part: Part<Result>,
  signal: AbortSignal,
): Promise<Outcome<ValueOf<Result>>> {
  try {
    signal.throwIfAborted();
    const result = await part(signal);
    if (isFailed(result)) return failed(result.failure);
    const value = isAnswered(result) ? result.body : result;
    return { ok: true, value: value as ValueOf<Result> };
  } catch (error) {
    if (error instanceof PartnerError) return { ok: false, error, failure: error.failure };
    if (error instanceof HttpProblem) return { ok: false, error, failure: undefined };
    if (signal.aborted) return failed(abortFailure(signal, 'call'));
    throw error;
  }
}

/** The outcome of a failure. */
export function failed(failure: Failure): Outcome<never> {
  return { ok: false, error: new PartnerError(failure), failure };
}

/** Names `part` as missing because of `outcome`. */
export function missing<Name>(
  part: Name,
  { error, failure }: Extract<Outcome<unknown>, { ok: false }>,
): Missing<Name> {
  const { status } = failure ?? {};
  return {
    part,
    reason: error.kind,
    ...(status !== undefined && { status }),
    message: error.message,
  };
}

/** The failure of a fan-out whose parts have all failed: the first one's, with all messages. */
export function allFailed(errors: readonly HttpProblem[]): HttpProblem {
  const [first, ...others] = errors;
  if (!first) return new PartnerError(failureOf('invalid', 'a fan-out needs at least one part'));
  if (others.length === 0) return first;
  const cause = new AggregateError(errors, 'every part of a fan-out failed');
  if (!(first instanceof PartnerError)) return Object.assign(first, { cause });
  const message = errors.map((error) => error.message).join('; ');
  return Object.assign(new PartnerError({ ...first.failure, message }), { cause });
}

function isFailed(result: unknown): result is Failed {
  return isObject(result) && result.ok === false && 'failure' in result;
}

function isAnswered(result: unknown): result is Answered<unknown> {
  return isObject(result) && result.ok === true && 'body' in result && 'status' in result;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null;
}
