import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from './command-line.ts';
import { parseOriginCommand } from './origin-command-line.ts';

const parse = (line: string) => parseOriginCommand(line.split(' ').filter((word) => word));
const CASES = ['hello', 'fanout-2', 'fanout-100', 'row', 'list', 'batch', 'waiting'];

test('every case runs against every peer, unless told otherwise', () => {
  assert.deepEqual(parse(''), {
    contest: 'origin',
    cases: CASES,
    peers: [
      'bare-hono',
      'fastapi',
      'fastapi-model',
      'falcon-gevent',
      'fastapi-httpx',
      'fastapi-asyncpg',
      'fastapi-psycopg',
    ],
    rounds: 5,
    seconds: 4,
    maxWaiting: 10_000,
    jsonFile: undefined,
  });
});

test('a quick contest is small, and what is said beside it counts', () => {
  const { rounds, seconds, maxWaiting } = parse('--quick --rounds 2');
  assert.deepEqual([rounds, seconds, maxWaiting], [2, 1, 200]);
});

test('cases and peers run in their own order, whatever order they are named in', () => {
  const { cases, peers } = parse('--case row --case hello --peer fastapi --peer bare-hono');
  assert.deepEqual(cases, ['hello', 'row']);
  assert.deepEqual(peers, ['bare-hono', 'fastapi']);
});

test('a wrong command line is told what would be right', () => {
  assert.throws(() => parse('--case herd'), /--case herd: expected one of hello, fanout-2, /);
  assert.throws(() => parse('--peer flask'), /--peer flask: expected one of bare-hono, fastapi/);
  assert.throws(() => parse('--seconds 0'), /--seconds 0: expected a whole number from 1 to 60/);
  assert.throws(() => parse('--clients 3'), /--clients/);
});

test('the bench knows the contest by its name', () => {
  const command = parseCommandLine(['origin', '--case', 'hello', '--json', 'out.json']);
  assert.ok('contest' in command && command.contest === 'origin');
  assert.equal(command.jsonFile, 'out.json');
});
