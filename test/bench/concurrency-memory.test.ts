import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  parseRollupBytes,
  parseSlabBytes,
  parseTcpBufferBytes,
  readMemory,
} from './concurrency-memory.ts';

test('proportional and resident memory are fields of one file', () => {
  const rollup = [
    '55a6f7f56000-7ffc0d2ed000 ---p 00000000 00:00 0    [rollup]',
    'Rss:                1772 kB',
    'Pss:                 279 kB',
    'Pss_Dirty:           116 kB',
  ].join('\n');
  assert.equal(parseRollupBytes(rollup, 'Pss'), 279 * 1024);
  assert.equal(parseRollupBytes(rollup, 'Rss'), 1772 * 1024);
  assert.equal(parseRollupBytes('', 'Pss'), 0, 'a process that has ended has none');
});

test('what the kernel keeps is read in bytes', () => {
  assert.equal(parseSlabBytes('Slab:  95 kB\nSUnreclaim:    73 kB\n'), 73 * 1024);
  const sockstat = 'sockets: used 17\nTCP: inuse 1 orphan 0 tw 1 alloc 1 mem 149\n';
  assert.equal(parseTcpBufferBytes(sockstat), 149 * 4096);
});

test('a process has memory of its own and shares some', () => {
  const { pssBytes, rssBytes } = readMemory(process.pid);
  assert.ok(pssBytes > 1_000_000 && pssBytes <= rssBytes, `${pssBytes} of ${rssBytes}`);
});
