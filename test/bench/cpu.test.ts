import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseCoreBusyTicks, parseProcessStat, parseRssBytes, readTree } from './cpu.ts';

test('a process is read by position, after its name', () => {
  const text =
    '4242 (nginx) S 4200 4200 1 0 -1 4194624 900 0 1 0 731 1204 7 9 20 0 1 0 627405 3133440 374';
  assert.deepEqual(parseProcessStat(text), {
    pid: 4242,
    parentPid: 4200,
    userTicks: 731,
    systemTicks: 1204,
  });
});

test('a name with spaces and parentheses does not shift the fields', () => {
  const text = '7 (a) S 1 (b) R 3 3 3 0 -1 0 0 0 0 0 5 6 0 0 20 0 1 0';
  assert.deepEqual(parseProcessStat(text), {
    pid: 7,
    parentPid: 3,
    userTicks: 5,
    systemTicks: 6,
  });
});

test('resident memory is in bytes, and 0 for a process without any', () => {
  assert.equal(parseRssBytes('Name:\tnode\nVmHWM:\t 9 kB\nVmRSS:\t  2148 kB\n'), 2148 * 1024);
  assert.equal(parseRssBytes('Name:\tkworker\n'), 0);
});

test('a core is busy with everything but idle and waiting for disks', () => {
  const stat =
    'cpu  9 9 9 9 9 9 9 9 9 9\ncpu0 1 2 4 1000 2000 8 16 32 64 128\ncpu1 5 0 0 7 0 0 0 0 0 0\n';
  assert.equal(parseCoreBusyTicks(stat, 0), 63);
  assert.equal(parseCoreBusyTicks(stat, 1), 5);
  assert.throws(() => parseCoreBusyTicks(stat, 2), /no core 2/);
});

test('this process is in its own tree and uses memory', () => {
  const tree = readTree(process.pid);
  assert.ok(tree.pids.includes(process.pid));
  assert.ok(tree.rssBytes > 0);
});

test('a process that is gone has an empty tree', () => {
  assert.deepEqual(readTree(2 ** 30).pids, []);
});
