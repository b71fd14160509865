import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readTrace } from './trace-file.ts';

function read(text: string, speed = 1): number[] {
  return [...readTrace(text, speed)];
}

describe('readTrace', () => {
  it('reads numbers, times, JSON and CSV', () => {
    assert.deepEqual(read('1000\n1500.5\n2e3\n'), [0, 500.5, 1000]);
    assert.deepEqual(read('2026-11-21T12:00:00Z\n2026-11-21T12:00:00.250Z'), [0, 250]);
    assert.deepEqual(read('{"time":5}\n{"path":"/","time":7}'), [0, 2]);
    assert.deepEqual(
      read('{"time":"2026-11-21T12:00:00.001Z"}\n{"time":"2026-11-21T12:00:00.004Z"}'),
      [0, 3],
    );
    assert.deepEqual(read('5,GET,/a\n"9" , GET\n7 ,x'), [0, 2, 4]);
    assert.deepEqual(read('"2026-11-21T12:00:00Z",200\n2026-11-21 12:00:01,300'), [0, 1000]);
  });

  it('knows zones, takes UTC where there is none, and keeps microseconds', () => {
    assert.deepEqual(read('2026-11-21T12:00:00Z\n2026-11-21T14:00:01+02:00'), [0, 1000]);
    assert.deepEqual(read('2026-11-21T12:00:00\n2026-11-21T14:00:01+0200'), [0, 1000]);
    assert.deepEqual(read('2026-11-21T12:00Z\n2026-11-21T14:00:01+02'), [0, 1000]);
    const [, later] = read('2026-11-21T12:00:00.000100Z\n2026-11-21T12:00:00.000350Z');
    assert.ok(Math.abs((later as number) - 0.25) < 0.001);
  });

  it('skips empty lines, comments and a byte order mark, and takes CRLF', () => {
    assert.deepEqual(read('\uFEFF# recorded\r\n\r\n10\r\n  # more\r\n  12  \r\n'), [0, 2]);
  });

  it('names the line it cannot read', () => {
    for (const line of [
      'time,path',
      '{"time":true}',
      '{"time":null}',
      '{"at":1}',
      '{',
      '1e999',
      '12 13',
      '2026-13-45T00:00:00Z',
      'May 5',
      '0x10',
      ',5',
      '"',
      'NaN',
    ]) {
      assert.throws(
        () => read(`# head\n1\n${line}\n2`),
        { name: 'TypeError', message: /^trace: line 3 has no time: / },
        line,
      );
    }
  });

  it('refuses a trace without times', () => {
    assert.throws(() => read('# nothing\n'), { name: 'TypeError', message: /no times/ });
  });

  it('is ascending from 0, whatever the order, and keeps every arrival', () => {
    const time = fc.double({ min: -1e9, max: 2e12, noNaN: true, noDefaultInfinity: true });
    fc.assert(
      fc.property(fc.array(time, { minLength: 1 }), fc.constantFrom(0.5, 1, 4), (times, speed) => {
        const found = readTrace(times.join('\n'), speed);
        assert.equal(found.length, times.length);
        assert.equal(found[0], 0);
        const sorted = times.toSorted((a, b) => a - b);
        sorted.forEach((one, i) => {
          assert.equal(found[i], (one - (sorted[0] as number)) / speed);
        });
      }),
    );
  });

  it('says the same of a moment in every notation', () => {
    const date = fc.date({
      min: new Date('1970-01-02'),
      max: new Date('2200-01-01'),
      noInvalidDate: true,
    });
    fc.assert(
      fc.property(fc.array(date, { minLength: 1, maxLength: 20 }), (dates) => {
        const numbers = read(dates.map((one) => one.getTime()).join('\n'));
        const close = (found: number[]) =>
          found.every((one, i) => Math.abs(one - (numbers[i] as number)) < 0.001);
        assert.ok(close(read(dates.map((one) => one.toISOString()).join('\n'))));
        assert.ok(close(read(dates.map((one) => JSON.stringify({ time: one })).join('\n'))));
        assert.ok(close(read(dates.map((one) => `"${one.toISOString()}",GET`).join('\n'))));
      }),
    );
  });

  it('answers any text with times or a TypeError', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.json().map((json) => `{"time":${json}}`),
        ),
        (text) => {
          try {
            assert.ok(readTrace(text, 1).every((timeMs) => timeMs >= 0));
          } catch (error) {
            assert.ok(error instanceof TypeError);
          }
        },
      ),
    );
  });

  it('reads a million lines without taking minutes', () => {
    const text = Array.from({ length: 1_000_000 }, (_, i) =>
      new Date(1.8e12 + ((i * 7_919) % 1_000_000)).toISOString(),
    ).join('\n');
    const startMs = performance.now();
    assert.equal(readTrace(text, 1).length, 1_000_000);
    assert.ok(performance.now() - startMs < 20_000);
  });
});
