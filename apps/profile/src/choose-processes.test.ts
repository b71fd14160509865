import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chooseProcesses, nameOf } from './choose-processes.ts';
import { listFromPs, listProcesses, type ProcessFacts } from './process-list.ts';

const SELF = 900;

function facts(pid: number, command: string, more: Partial<ProcessFacts> = {}): ProcessFacts {
  const args = command.split(' ');
  return {
    pid,
    parentPid: 1,
    ownPid: pid,
    startedAt: '1',
    state: 'S',
    args,
    program: `/usr/bin/${args[0]}`,
    nodeOptions: undefined,
    catchesUsr1: true,
    network: 'net:[1]',
    ...more,
  };
}

const stack = [
  facts(10, 'node scripts/dev.ts'),
  facts(11, 'node apps/items/src/main.ts', { parentPid: 10 }),
  facts(12, 'node apps/items/src/main.ts', { parentPid: 11 }),
  facts(13, 'sh -c node', { parentPid: 10 }),
  facts(14, 'node --import ./trace.ts apps/live/src/main.ts', { parentPid: 13 }),
  facts(20, 'sleep 100', { program: '/usr/bin/sleep', catchesUsr1: false }),
  facts(SELF - 1, 'node /usr/bin/pnpm profile --name items'),
  facts(SELF, 'node apps/profile/src/main.ts --name items', { parentPid: SELF - 1 }),
];

function choose(pids: number[], names: string[], ...others: ProcessFacts[]) {
  const all = new Map([...stack, ...others].map((one) => [one.pid, one]));
  const { processes, refusals, notes } = chooseProcesses(all, { pids, names, selfPid: SELF });
  return { pids: processes.map(({ pid }) => pid).sort((a, b) => a - b), refusals, notes };
}

test('a name means all processes of an app, workers included', () => {
  assert.deepEqual(choose([], ['items']), { pids: [11, 12], refusals: [], notes: [] });
  assert.deepEqual(choose([], ['apps/live']).pids, [14]);
});

test('a pid means the process and its children, also those behind a shell', () => {
  assert.deepEqual(choose([10], []).pids, [10, 11, 12, 14]);
});

test('neither this command nor what started it is chosen', () => {
  assert.deepEqual(choose([], ['profile']).pids, []);
  assert.match(String(choose([SELF - 1], []).refusals), /part of this command/);
});

test('a name that nobody has is answered with those there are', () => {
  assert.match(String(choose([], ['shop']).refusals), /named shop: there are dev, items, live/);
});

const refused: [what: string, process: Partial<ProcessFacts>, reason: RegExp][] = [
  ['another program', { program: '/usr/bin/python3' }, /runs python3, not Node/],
  ['a process without a handler', { catchesUsr1: false }, /does not handle SIGUSR1/],
  ['a process of another user', { program: undefined }, /another user/],
  ['a stopped process', { state: 'T' }, /is stopped/],
  ['a process that has ended', { state: 'Z' }, /has ended/],
  ['a process in a container', { network: 'net:[2]' }, /network namespace/],
  ['one that forbids it', { args: ['node', '--disable-sigusr1', 'a.js'] }, /--disable-sigusr1/],
  ['one whose NODE_OPTIONS do', { nodeOptions: '--disable-sigusr1' }, /--disable-sigusr1/],
];

for (const [what, more, reason] of refused) {
  test(`${what} is refused`, () => {
    const { pids, refusals } = choose([30], [], facts(30, 'node a.js', more));
    assert.deepEqual(pids, []);
    assert.match(String(refusals), reason);
  });
}

test('a child that cannot be asked is left out, and said', () => {
  const child = facts(30, 'node a.js', { parentPid: 11, catchesUsr1: false });
  const { pids, refusals, notes } = choose([11], [], child);
  assert.deepEqual([pids, refusals], [[11, 12], []]);
  assert.match(String(notes), /process 30 \(a\) is left out/);
});

test('names say what a process is for', () => {
  const names = [
    ['node /srv/apps/items/dist/main.js --flag', 'items'],
    ['node worker.mjs', 'worker'],
    ['node -r ./hook.js server.js', 'server'],
    ['node', 'node'],
    ['node -e setInterval(()=>{},9)', 'node'],
    ['node /srv/main.js', 'srv'],
  ];
  for (const [command = '', name] of names) assert.equal(nameOf(facts(1, command)), name);
});

test('this process is found, as /proc has it and as ps has it', () => {
  const here = listProcesses().get(process.pid);
  assert.equal(here?.parentPid, process.ppid);
  assert.match(String(here?.args), /choose-processes\.test/);
  const shown = listFromPs().find(({ pid }) => pid === process.pid);
  assert.equal(shown?.parentPid, process.ppid);
  assert.match(String(shown?.args), /choose-processes\.test/);
  assert.match(shown?.startedAt ?? '', /\d\d:\d\d:\d\d \d{4}$/);
});
