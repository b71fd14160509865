import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { formatAge, formatMemory, formatTable, formatTime } from './table.ts';

describe('a table', () => {
  it('is as wide as what it has, with numbers to the right and nothing behind the last', () => {
    const columns = [{ title: 'NAME' }, { title: 'N', isNumber: true }, { title: 'WHY' }];
    const rows = [
      ['a', '1,000', ''],
      ['longer', '2', 'because'],
    ];
    assert.deepEqual(formatTable(columns, rows), [
      'NAME        N  WHY',
      'a       1,000',
      'longer      2  because',
    ]);
  });

  it('has its titles when there is nothing else', () => {
    assert.deepEqual(formatTable([{ title: 'A' }, { title: 'B' }], []), ['A  B']);
  });
});

describe('in a table', () => {
  const ages: [ageMs: number, text: string][] = [
    [-5, '0s'],
    [999, '0s'],
    [59_999, '59s'],
    [60_000, '1m 0s'],
    [3_599_000, '59m 59s'],
    [3_600_000, '1h 0m'],
    [86_399_000, '23h 59m'],
    [90_000_000, '1d 1h'],
  ];
  for (const [ageMs, text] of ages) {
    it(`${ageMs} ms are ${text}`, () => assert.equal(formatAge(ageMs), text));
  }

  it('memory is in MiB, and a dash where it is not known', () => {
    assert.equal(formatMemory(131 * 2 ** 20), '131 MiB');
    assert.equal(formatMemory(undefined), '-');
  });

  it('times are in UTC', () => assert.equal(formatTime(0), '1970-01-01 00:00:00'));
});
