import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseMillionCommand } from './million-command-line.ts';

const parse = (line: string) => parseMillionCommand(line.split(' ').filter(Boolean));
const PEERS = ['nginx-gunicorn-falcon', 'nginx-uvicorn-fastapi'];

test('a million calls of ours beside twenty thousand of every peer, unless told otherwise', () => {
  assert.deepEqual(parse(''), {
    contest: 'million',
    calls: 1_000_000,
    peerCalls: 20_000,
    peers: PEERS,
    rounds: 5,
    jsonFile: undefined,
  });
});

test('nobody makes more calls than ours', () => {
  const { calls, peerCalls, rounds } = parse('--quick');
  assert.deepEqual([calls, peerCalls, rounds], [2_000, 2_000, 1]);
  assert.equal(parse('--calls 500').peerCalls, 500);
});

test('peers are picked by name, or left out', () => {
  assert.deepEqual(parse('--peer nginx-uvicorn-fastapi').peers, ['nginx-uvicorn-fastapi']);
  assert.deepEqual(parse('--no-peers').peers, []);
});

test('a wrong command line is told what would be right', () => {
  assert.throws(() => parse('--peer apache'), /expected one of nginx-gunicorn-falcon, nginx-uvi/);
  assert.throws(() => parse('--calls 99'), /--calls 99: expected a whole number from 100 to/);
  assert.throws(() => parse('--rounds 0'), /--rounds 0: expected a whole number from 1 to 20/);
  assert.throws(() => parse('--quick --calls 500'), /--quick has calls and rounds of its own/);
  assert.throws(() => parse('--no-peers --peer nginx-uvicorn-fastapi'), /say one of them/);
});
