/** What a good answer to a probe looks like. */
import type { IncomingHttpHeaders } from 'node:http';

/** All of it has to hold. */
export interface Expectation {
  /** Any of these: `204`, `'2xx'`, `'200-299'`. */
  readonly statuses: readonly (number | string)[];
  /** Every one of these fields, with exactly this value. */
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** Contained in the beginning of the body. */
  readonly body?: string | undefined;
}

/** Statuses of an upstream that can do its work: its answers and its redirects. */
export const GOOD_STATUSES: readonly string[] = ['200-399'];

interface ProbeResponse {
  readonly status: number;
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders;
  /** As much of it as was read. */
  readonly body: Buffer;
}

/** What is wrong with a response, to complete "/health answered …"; undefined when it is good. */
export function unexpectedIn(response: ProbeResponse, expect: Expectation): string | undefined {
  const { status, headers, body } = response;
  if (!expect.statuses.some((entry) => isWithin(status, entry))) return `${status}`;
  for (const [name, value] of Object.entries(expect.headers ?? {})) {
    const received = [headers[name.toLowerCase()] ?? []].flat();
    if (received.length === 0) return `${status} without ${name}`;
    if (!received.includes(value)) return `${status}, but ${name} is not ${JSON.stringify(value)}`;
  }
  if (expect.body !== undefined && !body.includes(expect.body)) {
    return `${status} without ${JSON.stringify(expect.body)} in its body`;
  }
  return undefined;
}

/** `'2xx'` and `'200-299'` → [200, 299]; undefined when the text is neither or the range is empty. */
export function statusRangeOf(text: string): readonly [first: number, last: number] | undefined {
  const [, hundreds, first, last] = /^(?:([2-5])xx|([2-5]\d\d)-([2-5]\d\d))$/.exec(text) ?? [];
  if (hundreds !== undefined) return [Number(hundreds) * 100, Number(hundreds) * 100 + 99];
  if (first === undefined || last === undefined || first > last) return undefined;
  return [Number(first), Number(last)];
}

function isWithin(status: number, entry: number | string): boolean {
  if (typeof entry === 'number') return status === entry;
  const [first, last] = statusRangeOf(entry) ?? [];
  return first !== undefined && last !== undefined && first <= status && status <= last;
}
