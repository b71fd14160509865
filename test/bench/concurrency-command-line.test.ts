import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseConcurrencyCommand } from './concurrency-command-line.ts';

const parse = (line: string) => parseConcurrencyCommand(line.split(' ').filter((word) => word));

test('fifty thousand requests and a hundred thousand connections are the usual size', () => {
  const { requests, idle, peers, isQuick, jsonFile } = parse('');
  assert.deepEqual([requests, idle], [50_000, 100_000]);
  assert.deepEqual(peers, ['nginx', 'haproxy']);
  assert.equal(isQuick, false);
  assert.equal(jsonFile, undefined);
});

test('a quick contest is small, and what is said beside it counts', () => {
  const command = parse('--quick --requests 300 --peer nginx --json out.json');
  assert.deepEqual(command, {
    contest: 'concurrency',
    requests: 300,
    idle: 5_000,
    peers: ['nginx'],
    isQuick: true,
    jsonFile: 'out.json',
  });
});

test('either part can be left out, but not both', () => {
  assert.equal(parse('--idle 0').idle, 0);
  assert.equal(parse('--requests 0').requests, 0);
  assert.throws(() => parse('--idle 0 --requests 0'), /nothing is left to do/);
});

test('a wrong command line is told what would be right', () => {
  assert.throws(() => parse('--peer caddy'), /--peer caddy: expected one of nginx, haproxy/);
  assert.throws(() => parse('--requests many'), /--requests many: expected a whole number from 0/);
  assert.throws(() => parse('--idle 1.5'), /--idle 1.5: expected a whole number/);
  assert.throws(() => parse('--rounds 3'), /--rounds/);
});
