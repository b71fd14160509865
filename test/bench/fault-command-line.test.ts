import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommandLine } from './command-line.ts';

const parse = (line: string) => parseCommandLine(line.split(' '));
const problem = (line: string) => {
  const parsed = parse(line);
  return 'problem' in parsed ? parsed.problem : '';
};

test('all scenarios and peers take part unless told otherwise', () => {
  const command = parse('faults');
  assert.ok('scenarios' in command);
  assert.ok(command.scenarios.includes('slow-origin') && command.scenarios.includes('all-failing'));
  assert.deepEqual(command.peers, ['nginx-stock', 'nginx-tuned', 'haproxy-stock', 'haproxy-tuned']);
  assert.deepEqual([command.rounds, command.secondsScale], [5, 1]);
});

test('scenarios and peers are picked by name', () => {
  assert.deepEqual(
    parse('faults --scenario fleet --scenario black-hole --peer nginx-tuned --rounds 2 --quick'),
    {
      contest: 'faults',
      scenarios: ['black-hole', 'fleet'],
      peers: ['nginx-tuned'],
      rounds: 2,
      secondsScale: 0.3,
      jsonFile: undefined,
    },
  );
});

test('a wrong command line is told what would be right', () => {
  assert.match(problem('faults --scenario none'), /--scenario none: expected one of slow-origin/);
  assert.match(problem('faults --peer apache'), /--peer apache: expected one of nginx-stock/);
  assert.match(problem('faults --rounds 1.5'), /--rounds 1.5: expected a whole number from 1 to/);
  assert.match(problem('faults --seconds-scale 0'), /--seconds-scale 0: expected a number from/);
  assert.match(problem('faults --quick --seconds-scale 2'), /say one of them/);
  assert.match(problem('faults --case small-get'), /--case/);
});
