import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatTable } from './table.ts';

test('names are aligned left and figures right, under the widest cell', () => {
  const table = formatTable(
    ['who', 'µs'],
    [
      ['a', '1.0'],
      ['longer', '120.5'],
    ],
  );
  assert.equal(
    table,
    ['who        µs', '------  -----', 'a         1.0', 'longer  120.5'].join('\n'),
  );
});

test('a short row leaves its last cells empty, without spaces at the end', () => {
  assert.equal(formatTable(['who', 'x', 'y'], [['a', '1']]), 'who  x  y\n---  -  -\na    1');
});

test('a table without rows still has its head', () => {
  assert.equal(formatTable(['who'], []), 'who\n---');
});
