import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { readerOf } from './values.ts';

const driver = (pg.types.getTypeParser as (oid: number) => (text: string) => unknown)(1184);

test('an instant is read as the driver reads it, whatever the server writes', () => {
  const written = fc
    .record({
      date: fc.date({
        min: new Date('0100-01-01'),
        max: new Date('9999-12-31'),
        noInvalidDate: true,
      }),
      fraction: fc.stringMatching(/^\d{0,6}$/),
      zone: fc.constantFrom('+00', '+02', '-03:30', '+05:45', ''),
    })
    .map(({ date, fraction, zone }) => {
      const [day = '', time = ''] = date.toISOString().split('T');
      return `${day} ${time.slice(0, 8)}${fraction && `.${fraction}`}${zone}`;
    });
  fc.assert(fc.property(written, (text) => assert.deepEqual(readerOf(1184)(text), driver(text))));
});

test('years before 100, before Christ, beyond four digits, and infinity are as the driver has them', () => {
  for (const text of [
    '0001-01-01 00:00:00+00',
    '0044-03-15 12:00:00+00 BC',
    '12345-01-01 00:00:00+00',
    'infinity',
    '-infinity',
    '2026-02-03 04:05:06.789012+00',
  ]) {
    assert.deepEqual(readerOf(1184)(text), driver(text), text);
  }
});

test('a time without a zone is one in UTC', () => {
  assert.deepEqual(readerOf(1114)('2026-02-03 04:05:06.5'), new Date('2026-02-03T04:05:06.500Z'));
});
