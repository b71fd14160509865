/** Messages made at random: put together from plausible parts, then damaged. */
import {
  malformedRequests,
  malformedResponses,
  validRequests,
  validResponses,
} from './corpus/index.ts';

/** A number from 0 up to, not including, 1. */
export type Random = () => number;

/** The same numbers for the same seed (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

const MAX_SEED_LENGTH = 2_000;
const seeds = (cases: readonly { bytes: string }[]) =>
  cases.map(({ bytes }) => bytes).filter((bytes) => bytes.length <= MAX_SEED_LENGTH);
const requestSeeds = [seeds(validRequests), seeds(malformedRequests)];
const responseSeeds = [seeds(validResponses), seeds(malformedResponses)];

const METHODS = ['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH', 'get', 'X'];
const TARGETS = ['/', '/a?b=c', '/a%20b/../c', 'http://a/b', '*', '/a|b', '//a'];
const VERSIONS = ['HTTP/1.1', 'HTTP/1.1', 'HTTP/1.1', 'HTTP/1.0'];
const LINES = [
  'Host: a',
  'Accept: */*',
  'Cookie: a=b; c="d"',
  'X-Empty:',
  'Connection: close',
  'Connection: keep-alive',
  'Connection: x, upgrade',
  'Upgrade: websocket',
  'Expect: 100-continue',
  'Content-Length: 5',
  'Content-Length: 0',
  'Transfer-Encoding: chunked',
  'X:  \t spaced \t',
  'X: \xe4\xff',
];
const BODIES = [
  '',
  'hello',
  '5\r\nhello\r\n0\r\n\r\n',
  '2;a="b"\r\nok\r\n0\r\nT: u\r\n\r\n',
  '0\r\n\r\n',
];
const STATUS_LINES = [
  'HTTP/1.1 200 OK',
  'HTTP/1.1 204 x',
  'HTTP/1.1 304 ',
  'HTTP/1.0 404 Not Found',
  'HTTP/1.1 100 x',
  'HTTP/1.1 500 ',
];
const SPLICES = [
  '\r',
  '\n',
  '\r\n',
  ' ',
  '\t',
  '\0',
  ':',
  ',',
  ';',
  '"',
  '+',
  '-',
  '0',
  '5',
  'x',
  '\x7f',
  '\xff',
  'chunked',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  'HTTP/1.1',
  '\r\n\r\n',
];

/** One to three requests in a row, one time in four damaged nowhere. */
export function randomRequests(random: Random): string {
  const count = 1 + Math.floor(random() * 3);
  return damaged(random, Array.from({ length: count }, () => randomRequest(random)).join(''));
}

/** One response, possibly after interim ones, one time in four damaged nowhere. */
export function randomResponse(random: Random): string {
  if (random() < 0.5) return damaged(random, pick(random, pick(random, responseSeeds)));
  return damaged(random, pick(random, STATUS_LINES) + randomRest(random));
}

function randomRequest(random: Random): string {
  if (random() < 0.4) return pick(random, pick(random, requestSeeds));
  const line = `${pick(random, METHODS)} ${pick(random, TARGETS)} ${pick(random, VERSIONS)}`;
  return `${line}\r\nHost: a${randomRest(random)}`;
}

function randomRest(random: Random): string {
  const body = Math.floor(random() * BODIES.length);
  const framing = body === 0 ? '' : body === 1 ? LINES[9] : LINES[11];
  const lines = Array.from({ length: random() * 4 }, () => pick(random, LINES));
  return ['', ...lines, ...(framing ? [framing] : []), '', BODIES[body]].join('\r\n');
}

function damaged(random: Random, text: string): string {
  let out = text;
  for (let left = Math.floor(random() * 4); left > 0; left--) {
    const at = Math.floor(random() * (out.length + 1));
    const length = random() < 0.7 ? 1 : Math.floor(random() * 8);
    const kind = random();
    if (kind < 0.25) out = out.slice(0, at) + out.slice(at + length);
    else if (kind < 0.65) out = out.slice(0, at) + pick(random, SPLICES) + out.slice(at);
    else if (kind < 0.85) out = out.slice(0, at) + pick(random, SPLICES) + out.slice(at + length);
    else out = out.slice(0, at) + out.slice(at, at + length) + out.slice(at);
  }
  return out;
}

function pick<T>(random: Random, from: readonly T[]): T {
  return from[Math.floor(random() * from.length)] as T;
}
