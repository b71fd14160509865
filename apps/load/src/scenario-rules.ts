/** What the fields of a scenario can be. */
import { timerMs } from './flows/timer-duration.ts';

/** A kind of value; `expects` completes "expected …". */
export interface Rule {
  readonly expects: string;
  accepts(value: unknown): boolean;
}

/** By name of the field, how its value is checked; a function returns every problem inside. */
export type Fields = Readonly<Record<string, Rule | ((value: unknown, at: string) => string[])>>;

export const fn: Rule = {
  expects: 'a function',
  accepts: (value) => typeof value === 'function',
};

export const duration: Rule = {
  expects: 'a duration such as 250ms, 2s or 1m',
  accepts: (value) => durationMs(value) > 0,
};

export const thinkTime: Rule = {
  expects: 'a duration such as 2s, or the shortest and the longest of them, as ["1s", "3s"]',
  accepts: (value) =>
    Array.isArray(value)
      ? value.length === 2 && durationMs(value[0]) <= durationMs(value[1])
      : durationMs(value) >= 0,
};

export const target: Rule = {
  expects: 'a URL such as http://127.0.0.1:8080',
  accepts: (value) =>
    typeof value === 'string' && /^https?:\/\//i.test(value) && URL.canParse(value),
};

export const profile: Rule = {
  expects: 'what constant(), ramp(), spike(), sine(), sequence() or trace() returns',
  accepts: (value) => hasKind(value, 'line') || hasKind(value, 'trace'),
};

export const users: Rule = {
  expects: 'a whole number from 1 up, or a profile that is no trace',
  accepts: (value) => isWhole(value, 1) || hasKind(value, 'line'),
};

export const count: Rule = {
  expects: 'a whole number from 1 up',
  accepts: (value) => isWhole(value, 1),
};

export const weight: Rule = { expects: 'a number above 0', accepts: isAboveZero };

export const rate: Rule = { expects: 'bytes per second, a number above 0', accepts: isAboveZero };

export const texts: Rule = {
  expects: 'a list of texts',
  accepts: (value) => Array.isArray(value) && value.every((one) => typeof one === 'string'),
};

export const path: Rule = {
  expects: 'a path, which begins with "/" and has no space in it',
  accepts: (value) => typeof value === 'string' && /^\/[\x21-\x7e]*$/.test(value),
};

export const method: Rule = {
  expects: 'a method such as POST',
  accepts: (value) => typeof value === 'string' && isToken(value),
};

export const body: Rule = {
  expects: 'text',
  accepts: (value) => typeof value === 'string',
};

export const statuses: Rule = {
  expects: 'a status from 200 to 599, a list of them, or a function',
  accepts: (value) =>
    typeof value === 'function' ||
    isStatus(value) ||
    (Array.isArray(value) && value.length > 0 && value.every(isStatus)),
};

export function oneOf(...values: readonly string[]): Rule {
  return {
    expects: values.map((value) => `"${value}"`).join(' or '),
    accepts: (value) => values.includes(value as string),
  };
}

/** Every problem of an object of header fields. */
export function headerProblems(headers: unknown, at: string): string[] {
  if (!isObject(headers))
    return [`${at}: expected an object of texts by name, got ${got(headers)}`];
  return Object.entries(headers).flatMap(([name, value]) => {
    const place = `${at}[${JSON.stringify(name)}]`;
    if (!isToken(name)) return [`${place}: not the name of a header field`];
    if (typeof value !== 'string') return [`${place}: expected text, got ${got(value)}`];
    // What is no Latin-1 has no place in a header, and a line break would begin another one.
    return /^[\t\x20-\x7e\x80-\xff]*$/.test(value)
      ? []
      : [`${place}: expected text without line breaks and characters beyond Latin-1`];
  });
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Completes "…, got": text quoted and cut, the rest by kind. */
export function got(value: unknown): string {
  if (typeof value === 'string') {
    return JSON.stringify(value.length > 60 ? `${value.slice(0, 59)}…` : value);
  }
  if (value === undefined || value === null) return 'nothing';
  if (Array.isArray(value)) return `[${value.map(got).join(', ')}]`.slice(0, 80);
  if (typeof value === 'function') return 'a function';
  return typeof value === 'object' ? 'an object' : String(value);
}

/** NaN for what is none, which no comparison holds for. */
function durationMs(value: unknown): number {
  return timerMs(value) ?? Number.NaN;
}

function hasKind(value: unknown, kind: 'line' | 'trace'): boolean {
  return isObject(value) && value.kind === kind;
}

function isAboveZero(value: unknown): boolean {
  return typeof value === 'number' && value > 0 && Number.isFinite(value);
}

function isWhole(value: unknown, min: number): boolean {
  return Number.isSafeInteger(value) && (value as number) >= min;
}

function isStatus(value: unknown): boolean {
  return isWhole(value, 200) && (value as number) <= 599;
}

/** A token of RFC 9110. */
function isToken(text: string): boolean {
  return /^[\w!#$%&'*+.^`|~-]+$/.test(text);
}
