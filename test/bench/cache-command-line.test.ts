import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCacheCommand } from './cache-command-line.ts';

const parse = (line: string) => parseCacheCommand(line.split(' ').filter(Boolean));

test('all cases with all peers, and herds of five thousand, unless told otherwise', () => {
  assert.deepEqual(parse(''), {
    contest: 'cache',
    cases: ['hit-small', 'hit-64k', 'herd', 'herd-reset', 'herd-error', 'stale'],
    peers: ['nginx', 'nginx-no-sendfile', 'nginx-stock', 'varnish', 'varnish-no-log'],
    rounds: 5,
    seconds: 3,
    clients: 5_000,
    jsonFile: undefined,
  });
});

test('cases and peers are picked by name', () => {
  const command = parse('--case stale --case herd --peer varnish --clients 100 --json out.json');
  assert.deepEqual(command.cases, ['herd', 'stale']);
  assert.deepEqual(command.peers, ['varnish']);
  assert.deepEqual([command.clients, command.jsonFile], [100, 'out.json']);
});

test('a wrong command line is told what would be right', () => {
  assert.throws(() => parse('--case herds'), /--case herds: expected one of hit-small, hit-64k/);
  assert.throws(() => parse('--peer squid'), /--peer squid: expected one of nginx, nginx-no-send/);
  assert.throws(() => parse('--rounds 0'), /--rounds 0: expected a whole number from 1 to 100/);
  assert.throws(() => parse('--clients 9001'), /--clients 9001: expected .* from 1 to 9000/);
});
