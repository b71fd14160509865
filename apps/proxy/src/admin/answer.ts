/** What the admin listener answers with. */

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** A problem as RFC 9457 has it. */
export interface Problem {
  readonly status: number;
  readonly title: string;
  /** What was wrong, and what to do about it. */
  readonly detail: string;
  /** The member of the request's body, or the header, that was wrong. */
  readonly field?: string;
}

/** `value` as JSON. */
export function json(status: number, value: object): Answer {
  return { status, type: 'application/json', body: `${JSON.stringify(value)}\n` };
}

/** `problem` as the answer, with `headers` besides. */
export function problem(
  { status, title, detail, field }: Problem,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const body = { title, status, detail, ...(field !== undefined && { field }) };
  const type = 'application/problem+json';
  return { status, type, headers, body: `${JSON.stringify(body)}\n` };
}
