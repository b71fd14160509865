// Owns a good answer, and how its bytes become what the caller asked for.
import type { Answered, CallOptions, PartnerResult } from './call-options.ts';
import { failureOf } from './failure.ts';
import type { WireAnswer } from './transport.ts';

/** A good answer; what it was made of is kept for its header. */
export class PartnerAnswer<T> implements Answered<T> {
  readonly ok = true;
  readonly status: number;
  readonly body: T;
  readonly #wire: WireAnswer | undefined;

  /** `wire` is what it was made of; undefined when it comes from the cache. */
  constructor(status: number, body: T, wire?: WireAnswer) {
    this.status = status;
    this.body = body;
    this.#wire = wire;
  }

  header(name: string): string | undefined {
    return this.#wire?.header(name);
  }
}

/**
 * Reads the body as what the caller says it is, and has the caller check it; an empty one of JSON
 * is undefined. `call` names partner and path. The failure is `invalid` when it is not JSON, or
 * not what was agreed.
 */
export function readAnswer<T>(
  answer: WireAnswer,
  { as = 'json', schema, parse }: CallOptions<T>,
  call: { readonly what: string },
): PartnerResult<T> {
  const { body, status } = answer;
  let value: unknown;
  try {
    value = as === 'bytes' ? body : as === 'text' ? utf8(body) : parsed(body);
  } catch {
    const type = answer.header('content-type') ?? 'no content type';
    const message = `${call.what}: answered ${status} with ${body.length} bytes that are no JSON (${type})`;
    return { ok: false, failure: failureOf('invalid', message) };
  }
  try {
    const read = schema ? schema.parse(value) : parse ? parse(value) : (value as T);
    return new PartnerAnswer(status, read, answer);
  } catch (error) {
    const message = `${call.what}: not what was agreed (${reasonOf(error)})`;
    return { ok: false, failure: failureOf('invalid', message) };
  }
}

/** As much of what a partner says with a failure as is kept, in bytes. */
const longestBody = 8_192;

/** The start of the body of a refusal; undefined when there is none. */
export function startOf(answer: WireAnswer | undefined): string | undefined {
  if (!answer || answer.body.length === 0) return undefined;
  return answer.body.toString('utf8', 0, longestBody);
}

function parsed(body: Buffer): unknown {
  return body.length === 0 ? undefined : JSON.parse(utf8(body));
}

// A byte order mark may be ignored by whoever reads JSON (RFC 8259 §8.1).
function utf8(body: Buffer): string {
  const hasMark = body[0] === 0xef && body[1] === 0xbb && body[2] === 0xbf;
  return body.toString('utf8', hasMark ? 3 : 0);
}

const longestReason = 200;

/** What a checker says, on one line; the issues of a schema by the path of the first. */
function reasonOf(error: unknown): string {
  const issues = (error as { issues?: unknown } | null)?.issues;
  const [first] = Array.isArray(issues) ? issues : [];
  const text =
    typeof first?.message === 'string' && Array.isArray(first.path)
      ? `${first.path.join('.') || 'body'}: ${first.message}`
      : error instanceof Error
        ? error.message
        : String(error);
  return text.replace(/\s+/g, ' ').slice(0, longestReason);
}
