import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Command, helpText, parseCommand } from './command-line.ts';

/** Parses in a folder that has `headgate.config.yaml`. */
function parse(...argv: string[]): Command {
  return parseCommand(argv, () => 'headgate.config.yaml');
}

function complaint(...argv: string[]): string {
  const command = parse(...argv);
  assert.ok(command.name === 'usage', `${argv.join(' ')} was accepted`);
  return command.problem;
}

const plainRun: Command = { name: 'run', file: 'a.ts', isSingle: false, isWatching: false };

describe('the command line', () => {
  it('runs, checks and shows the file that is named', () => {
    assert.deepEqual(parse('run', '--config', 'a.ts'), plainRun);
    assert.deepEqual(parse('-c', 'a.ts', 'check'), { name: 'check', file: 'a.ts' });
    assert.deepEqual(parse('show', '--config=a.ts'), { name: 'show', file: 'a.ts', isJson: false });
  });

  it('finds the file that is not named', () => {
    assert.deepEqual(parse('show', '--json'), {
      name: 'show',
      file: 'headgate.config.yaml',
      isJson: true,
    });
  });

  it('says so when there is no file to be found', () => {
    assert.deepEqual(
      parseCommand(['run'], () => undefined),
      { name: 'usage', problem: 'no --config given and no headgate.config.* found here' },
    );
  });

  it('does not look for a file when one is named', () => {
    const command = parseCommand(['run', '-c', 'a.ts'], () => assert.fail('looked for a file'));
    assert.deepEqual(command, plainRun);
  });

  it('runs as it is told', () => {
    const options = ['--watch', '--workers', '4', '--pid-file', '/run/headgate.pid'];
    assert.deepEqual(parse('run', '-c', 'a.ts', ...options), {
      ...plainRun,
      isWatching: true,
      workers: 4,
      pidFile: '/run/headgate.pid',
    });
    assert.deepEqual(parse('run', '-c', 'a.ts', '--single'), { ...plainRun, isSingle: true });
  });

  it('compares with a file or with an edge', () => {
    const plain = { name: 'diff', file: 'headgate.config.yaml', isJson: false };
    assert.deepEqual(parse('diff'), plain);
    assert.deepEqual(parse('diff', '--against', 'old.yaml', '--json'), {
      ...plain,
      against: 'old.yaml',
      isJson: true,
    });
    assert.deepEqual(parse('diff', '-c', 'new.yaml', '--admin', 'unix:/run/a.sock'), {
      ...plain,
      file: 'new.yaml',
      adminAddress: 'unix:/run/a.sock',
    });
  });

  it('explains a request with its headers', () => {
    const fields = ['-H', 'X-Version: 2', '--header', 'x-when:12:30', '-H', 'x-empty:'];
    assert.deepEqual(parse('explain', 'get', 'http://host/items', ...fields), {
      name: 'explain',
      file: 'headgate.config.yaml',
      method: 'GET',
      url: 'http://host/items',
      headers: ['X-Version', '2', 'x-when', '12:30', 'x-empty', ''],
    });
  });

  for (const argv of [['--help'], ['-h'], ['help'], ['run', '--help'], ['nonsense', '-h']]) {
    it(`helps with ${argv.join(' ')}`, () => assert.deepEqual(parse(...argv), { name: 'help' }));
  }

  for (const argv of [['--version'], ['-v']]) {
    it(`tells its version with ${argv[0]}`, () => {
      assert.deepEqual(parse(...argv), { name: 'version' });
    });
  }

  const refused: [argv: string[], problem: RegExp][] = [
    [[], /^a command is missing$/],
    [['start'], /^there is no command "start"$/],
    [['run', 'fast'], /^run takes no argument "fast"$/],
    [['run', '--cofnig', 'a.ts'], /--cofnig/],
    [['run', '--config'], /--config/],
    [['check', '--watch'], /^check has no --watch$/],
    [['run', '--json'], /^run has no --json$/],
    [['show', '-H', 'a: b'], /^show has no -H$/],
    [['show', '--wait', '5s'], /^show has no --wait$/],
    [['run', '--url', 'http://a/'], /^run has no --url$/],
    [['run', '--workers', '0'], /^--workers takes a whole number from 1, got "0"$/],
    [['run', '--workers', '257'], /^--workers takes a whole number/],
    [['run', '--workers', 'auto'], /^--workers takes a whole number/],
    [['run', '--single', '--workers', '2'], /^--single is one process/],
    [['diff', 'a.yaml'], /^diff takes no argument "a.yaml"$/],
    [['diff', '--against', 'a', '--admin', 'b'], /^diff compares with .* not both$/],
    [['explain'], /^explain takes a method and a URL/],
    [['explain', 'GET'], /^explain takes a method and a URL/],
    [['explain', 'GET', '/', 'more'], /^explain takes a method and a URL/],
    [['explain', 'GET', '/', '-H', 'novalue'], /^-H takes 'name: value', got "novalue"$/],
    [['explain', 'GET', '/', '-H', ': value'], /^-H takes 'name: value'/],
    [['explain', 'GET', '/', '-H', ' : value'], /^-H takes 'name: value'/],
  ];
  for (const [argv, problem] of refused) {
    it(`refuses "${argv.join(' ')}"`, () => assert.match(complaint(...argv), problem));
  }

  it('has every command in its help', () => {
    for (const name of ['run', 'check', 'show', 'explain', 'diff', 'ctl']) {
      assert.match(helpText, new RegExp(`^ {2}headgate ${name} `, 'm'));
    }
  });
});
