import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCommand } from './command-line.ts';

test('processes are named by pid, by name, or both', () => {
  assert.deepEqual(parseCommand(['--pid', '12', '--name', 'items', '--pid', '13']), {
    name: 'profile',
    run: {
      pids: [12, 13],
      names: ['items'],
      durationMs: 10_000,
      warmUpMs: 2_000,
      intervalUs: 1_000,
      mayRecompile: true,
    },
  });
});

test('what follows two dashes is for the load generator', () => {
  const command = parseCommand(['--pid', '12', '--seconds', '0.5', '--', 'a.ts', '--rate', '5']);
  assert.ok(command.name === 'profile');
  assert.deepEqual(command.run.load, ['a.ts', '--rate', '5']);
  assert.equal(command.run.durationMs, 500);
});

const wrong: [args: string[], complaint: RegExp][] = [
  [[], /--pid or --name/],
  [['--pid', 'x'], /--pid takes a whole number from 1/],
  [['--pid', '0'], /--pid takes a whole number from 1/],
  [['--pid', '1', '--seconds', '0'], /--seconds takes seconds/],
  [['--pid', '1', '--interval-us', '1.5'], /--interval-us takes a whole number/],
  [['--pid', '1', '--'], /after --/],
  [['--pid', '1', '--rate', '5'], /--rate/],
];

for (const [args, complaint] of wrong) {
  test(`"${args.join(' ')}" is refused`, () => {
    const command = parseCommand(args);
    assert.ok(command.name === 'usage');
    assert.match(command.problem, complaint);
  });
}
