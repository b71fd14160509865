import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Command, parseCommand } from '../command-line.ts';
import type { CtlAction } from './arguments.ts';

function parse(...argv: string[]): Command {
  return parseCommand(['ctl', ...argv], () => 'headgate.config.yaml');
}

const accepted: [argv: string[], action: CtlAction][] = [
  [['status'], { verb: 'status' }],
  [['workers'], { verb: 'workers' }],
  [['services'], { verb: 'services' }],
  [['audit'], { verb: 'audit' }],
  [['cache'], { verb: 'cache' }],
  [['purge', '--url', 'http://a/b'], { verb: 'purge', order: { kind: 'url', url: 'http://a/b' } }],
  [
    ['purge', '--prefix', 'http://a/'],
    { verb: 'purge', order: { kind: 'prefix', prefix: 'http://a/' } },
  ],
  [
    ['purge', '--tag', 'a', '--tag', 'b'],
    { verb: 'purge', order: { kind: 'tags', tags: ['a', 'b'] } },
  ],
  [['purge', '--all'], { verb: 'purge', order: { kind: 'all' } }],
  [['reload'], { verb: 'reload' }],
  [['restart'], { verb: 'restart' }],
  [['scale', '4'], { verb: 'scale', workers: 4 }],
  [['drain', 'items', ':4001'], { verb: 'drain', service: 'items', upstream: ':4001' }],
  [['enable', 'items', ':4001'], { verb: 'enable', service: 'items', upstream: ':4001' }],
  [['disable', 'items', ':4001'], { verb: 'disable', service: 'items', upstream: ':4001' }],
  [
    ['weight', 'items', ':4001', '0.5'],
    { verb: 'weight', service: 'items', upstream: ':4001', weight: 0.5 },
  ],
  [
    ['weight', 'items', ':4001', 'default'],
    { verb: 'weight', service: 'items', upstream: ':4001', weight: undefined },
  ],
];

const waiting: [argv: string[], waitMs: number][] = [
  [['drain', 'items', ':4001', '--wait', '30s'], 30_000],
  [['drain', '--wait', '30s', 'items', ':4001'], 30_000],
  [['drain', '--wait=1m', 'items', ':4001'], 60_000],
  [['drain', 'items', ':4001', '--wait'], 300_000],
  [['drain', '--wait', 'items', ':4001'], 300_000],
];

const refused: [argv: string[], problem: RegExp][] = [
  [[], /^ctl takes a command: status, workers/],
  [['stop'], /^ctl has no command "stop"; it has status, /],
  [['status', 'all'], /^ctl status takes no argument "all"$/],
  [['drain', 'items'], /^ctl drain takes a service and an upstream/],
  [['drain', 'items', ':1', ':2'], /^ctl drain takes a service and an upstream/],
  [
    ['drain', 'items', ':1', '--wait=soon'],
    /^--wait takes a duration such as 30s or 5m, got "soon"$/,
  ],
  [['enable', 'items', ':1', '--wait'], /^only ctl drain has --wait$/],
  [['weight', 'items', ':1'], /^ctl weight takes a service, an upstream and a weight/],
  [['weight', 'items', ':1', '0'], /^a weight is above 0 and up to 1000, or "default"; got "0"$/],
  [['weight', 'items', ':1', 'heavy'], /got "heavy"$/],
  [['scale'], /^ctl scale takes how many workers/],
  [['scale', '1', '2'], /^ctl scale takes how many workers/],
  [['scale', '257'], /^ctl scale takes how many workers/],
  [['purge'], /^ctl purge takes one of --url URL, --prefix URL, --tag TAG \(repeatable\), --all$/],
  [['purge', 'http://a/b'], /^ctl purge takes options only, got "http:\/\/a\/b"$/],
  [['purge', '--all', '--tag', 'a'], /; got --tag and --all$/],
  [['reload', '--all'], /^only ctl purge has --all$/],
  [['cache', '--tag', 'a'], /^only ctl purge has --tag$/],
  [['status', '-H', 'a: b'], /^ctl has no -H$/],
];

describe('the arguments of ctl', () => {
  for (const [argv, action] of accepted) {
    it(`are understood: ${argv.join(' ')}`, () => {
      assert.deepEqual(parse(...argv), {
        name: 'ctl',
        action,
        configFile: 'headgate.config.yaml',
        isJson: false,
      });
    });
  }

  for (const [argv, waitMs] of waiting) {
    it(`are understood: ${argv.join(' ')}`, () => {
      const command = parse(...argv);
      assert.ok(command.name === 'ctl' && command.action.verb === 'drain');
      assert.deepEqual(command.action, {
        verb: 'drain',
        service: 'items',
        upstream: ':4001',
        waitMs,
      });
    });
  }

  it('name an edge by its address alone, or by its file', () => {
    const argv = ['--admin', 'unix:/run/a.sock', '--token', 't', '--json', 'status'];
    assert.deepEqual(parse(...argv), {
      name: 'ctl',
      action: { verb: 'status' },
      adminAddress: 'unix:/run/a.sock',
      token: 't',
      isJson: true,
    });
    const byFile = parse('-c', 'b.yaml', 'status');
    assert.ok(byFile.name === 'ctl');
    assert.equal(byFile.configFile, 'b.yaml');
  });

  it('need no file when none is there, as the environment may name the edge', () => {
    assert.deepEqual(
      parseCommand(['ctl', 'status'], () => undefined),
      { name: 'ctl', action: { verb: 'status' }, isJson: false },
    );
  });

  for (const [argv, problem] of refused) {
    it(`are refused: ${argv.join(' ')}`, () => {
      const command = parse(...argv);
      assert.ok(command.name === 'usage', 'it was accepted');
      assert.match(command.problem, problem);
    });
  }
});
