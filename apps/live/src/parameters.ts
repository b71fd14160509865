// Owns how query parameters are read: every one within stated bounds.
import { parseDuration } from '@headgate/config';
import { badRequest, type OriginEnv } from '@headgate/origin';
import type { Context } from 'hono';

/** Bounds of one query parameter, and its value when it is absent. */
export interface Bounds {
  min: number;
  max: number;
  default: number;
}

/** The query parameter `name` as a whole number. Throws a 400 problem when it is anything else. */
export function wholeNumber(c: Context<OriginEnv>, name: string, bounds: Bounds): number {
  const { min, max } = bounds;
  return bounded(c, name, bounds, parseWholeNumber, `a whole number from ${min} to ${max}`);
}

/** The query parameter `name` in milliseconds: `20ms`, `2s`, or a bare number of milliseconds. */
export function milliseconds(c: Context<OriginEnv>, name: string, bounds: Bounds): number {
  const parse = (text: string) => parseDuration(text) ?? parseWholeNumber(text);
  return bounded(c, name, bounds, parse, `from ${bounds.min}ms to ${bounds.max}ms`);
}

function bounded(
  c: Context<OriginEnv>,
  name: string,
  bounds: Bounds,
  parse: (text: string) => number | undefined,
  expected: string,
): number {
  const text = c.req.query(name);
  if (text === undefined) return bounds.default;
  const value = parse(text);
  if (value !== undefined && value >= bounds.min && value <= bounds.max) return value;
  throw badRequest(`${name} must be ${expected}, not ${JSON.stringify(text)}`);
}

function parseWholeNumber(text: string): number | undefined {
  return /^\d{1,15}$/.test(text) ? Number(text) : undefined;
}
