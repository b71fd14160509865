import assert from 'node:assert/strict';
import { test } from 'node:test';
import { residentBytes } from './memory.ts';

test('the resident memory of a process is found', { skip: process.platform !== 'linux' }, () => {
  const measured = residentBytes(process.pid) ?? 0;
  const own = process.memoryUsage.rss();
  assert.ok(measured > own / 2 && measured < own * 2, `${measured} instead of ${own}`);
});

test('a process that is not there has none', () => {
  assert.equal(residentBytes(2 ** 30), undefined);
});
