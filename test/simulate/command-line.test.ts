import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseCommandLine, type SimulateCommand } from './command-line.ts';

function commandOf<Kind extends SimulateCommand['kind']>(kind: Kind, ...args: string[]) {
  const command = parseCommandLine(args);
  assert.ok('kind' in command && command.kind === kind, JSON.stringify(command));
  return command as Extract<SimulateCommand, { kind: Kind }>;
}

function problemOf(...args: string[]): string {
  const command = parseCommandLine(args);
  return 'problem' in command ? command.problem : 'none';
}

const own = ['--config', 'headgate.yaml', '--rate', '800'];

describe('the command line of the simulator', () => {
  it('runs every scenario, or those that begin with a name', () => {
    assert.ok(commandOf('scenarios').names.length > 15);
    assert.deepEqual(commandOf('scenarios', 'slow', 'zones').names, [
      'slow-origin-10x',
      'slow-origin-3x',
      'zones',
    ]);
  });

  it('compares the policies it is told', () => {
    const { contestants } = commandOf('scenarios', '--policy', 'random', '--policy', 'plain');
    assert.deepEqual(contestants, ['random', 'plain']);
    assert.equal(commandOf('scenarios').contestants, undefined);
  });

  it('describes a load for a configuration', () => {
    const fault = 'all slow x2';
    const args = ['--workers', '2', '--workers', 'http://a:1 8', '--fault', fault, '--for', '10s'];
    const { configFile, load } = commandOf('own', ...own, ...args);
    assert.equal(configFile, 'headgate.yaml');
    assert.deepEqual(load.phases, [{ untilMs: 10_000, ratePerSecond: 800 }]);
    assert.equal(load.workers, 2);
    assert.deepEqual([...load.workersOf], [['http://a:1', 8]]);
    assert.deepEqual(
      load.faults.map(({ fault: { toMs } }) => toMs),
      [10_000],
    );
    assert.equal(load.errorStatus, 503);
  });

  it('guesses what was meant', () => {
    assert.match(problemOf('slow-orgin'), /did you mean "slow-origin"\?.*there are equal/);
    assert.match(problemOf('--polcy', 'plain'), /no option --polcy \(did you mean "--policy"\?\)/);
    assert.match(problemOf('--policy', 'plane'), /no policy "plane" \(did you mean "plain"\?\)/);
  });

  it('says what does not go together', () => {
    assert.match(problemOf('--rate', '5'), /--rate goes with --config FILE/);
    assert.match(problemOf('--load-reports'), /--load-reports goes with --config FILE/);
    assert.match(problemOf('equal', ...own), /with --config there are no scenarios/);
    assert.match(problemOf('--config', 'headgate.yaml'), /--config needs --rate/);
  });

  it('says what is out of range', () => {
    assert.match(problemOf('--seeds', '0'), /--seeds is "0"; give a whole number from 1 to 100/);
    assert.match(problemOf(...own, '--workers', 'x'), /--workers is "x"/);
    assert.match(problemOf(...own, '--workers', 'URL 8 9'), /write 4, or one URL and 8/);
    assert.match(problemOf(...own, '--error-status', '404'), /from 500 to 599/);
    assert.match(problemOf(...own, '--error-status', '501'), /does not take 501 and 505/);
    assert.match(problemOf(...own, '--for', '60m'), /make 2880000 requests; at most 2000000/);
  });
});
