import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from './command-line.ts';

const parse = (line: string) => parseCommandLine(line.split(' '));
const problem = (line: string) => {
  const parsed = parse(line);
  return 'problem' in parsed ? parsed.problem : '';
};

test('everything runs unless told otherwise', () => {
  const command = parse('proxy');
  assert.ok('cases' in command);
  assert.ok(command.cases.includes('small-get') && command.cases.includes('in-flight'));
  assert.ok(command.peers.includes('nginx') && command.peers.includes('headgate-access-log'));
  assert.equal(command.jsonFile, undefined);
});

test('cases and peers are picked by name, as often as wanted', () => {
  assert.deepEqual(
    parse(
      'proxy --case churn --case small-get --peer nginx --seconds 2 --rounds 1 --json out.json',
    ),
    {
      contest: 'proxy',
      cases: ['small-get', 'churn'],
      peers: ['nginx'],
      seconds: 2,
      rounds: 1,
      jsonFile: 'out.json',
    },
  );
});

test('every contest has cases and peers of its own', () => {
  const command = parse('load');
  assert.ok('cases' in command);
  assert.deepEqual(command.cases, ['small-get', 'get-25-headers', 'get-64k', 'held']);
  assert.ok(command.peers.includes('wrk') && !command.peers.includes('headgate-load'));
  assert.match(problem('load --peer nginx'), /--peer nginx: expected one of wrk/);
  assert.match(problem('proxy --case held'), /--case held/);
});

test('a wrong command line is told what would be right', () => {
  assert.match(
    problem('origins'),
    /say what to bench: proxy, load, faults, concurrency, million, cache, cache-tiers or origin/,
  );
  assert.match(problem('proxy --peer apache'), /--peer apache: expected one of .*nginx/);
  assert.match(problem('proxy --case none'), /--case none: expected one of small-get/);
  assert.match(problem('proxy --rounds 0'), /--rounds 0: expected a whole number from 1 to 100/);
  assert.match(problem('proxy --seconds 1.5'), /--seconds 1.5: expected/);
  assert.match(problem('proxy --fast'), /--fast/);
});
