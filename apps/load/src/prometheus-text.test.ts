import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parsePrometheus, type Sample } from './prometheus-text.ts';

function parse(text: string): readonly Sample[] {
  const { samples, malformedLines } = parsePrometheus(text);
  assert.equal(malformedLines, 0, text);
  return samples;
}

function only(text: string): Sample {
  const [sample, ...others] = parse(text);
  assert.ok(sample);
  assert.equal(others.length, 0);
  return sample;
}

describe('parsePrometheus', () => {
  it('reads counters, gauges, histograms and summaries with their families', () => {
    const samples = parse(`
# HELP http_requests_total Requests.
# TYPE http_requests_total counter
http_requests_total{method="post",code="200"} 1027 1395066363000
http_requests_total{method="post",code="400",}    3
# TYPE in_flight gauge
in_flight 7
# TYPE seconds histogram
seconds_bucket{le="0.05"} 24054
seconds_bucket{le="+Inf"} 144320
seconds_sum 53423
seconds_count 144320
# TYPE rpc summary
rpc{quantile="0.5"} 4773
rpc_sum 1.7560473e+07
rpc_count 2693
plain -Inf
`);
    assert.deepEqual(
      samples.map(({ name, family, type, value }) => [name, family, type, value]),
      [
        ['http_requests_total', 'http_requests_total', 'counter', 1027],
        ['http_requests_total', 'http_requests_total', 'counter', 3],
        ['in_flight', 'in_flight', 'gauge', 7],
        ['seconds_bucket', 'seconds', 'histogram', 24_054],
        ['seconds_bucket', 'seconds', 'histogram', 144_320],
        ['seconds_sum', 'seconds', 'histogram', 53_423],
        ['seconds_count', 'seconds', 'histogram', 144_320],
        ['rpc', 'rpc', 'summary', 4_773],
        ['rpc_sum', 'rpc', 'summary', 17_560_473],
        ['rpc_count', 'rpc', 'summary', 2_693],
        ['plain', 'plain', 'unknown', Number.NEGATIVE_INFINITY],
      ],
    );
    assert.deepEqual(
      [...(samples[1] as Sample).labels],
      [
        ['method', 'post'],
        ['code', '400'],
      ],
    );
  });

  it('reads what OpenMetrics has otherwise', () => {
    const samples = parse(`# TYPE foo counter
# UNIT foo seconds
foo_total{a="b"} 17.0 1520879607.789 # {trace_id="KOO5S4vxi0o"} 0.67
foo_created{a="b"} 1520430000.123
# TYPE bar histogram
bar_bucket{le="0.1"} 8 # {} 0.054
# EOF
`);
    assert.deepEqual(
      samples.map(({ name, family, type, value }) => [name, family, type, value]),
      [
        ['foo_total', 'foo', 'counter', 17],
        ['foo_created', 'foo', 'counter', 1_520_430_000.123],
        ['bar_bucket', 'bar', 'histogram', 8],
      ],
    );
  });

  it('undoes escapes, and takes braces, commas and hashes within quotes', () => {
    const { labels } = only('a{path="C:\\\\D\\n\\"E\\"",other="} , # =\\\\"} 1');
    assert.equal(labels.get('path'), 'C:\\D\n"E"');
    assert.equal(labels.get('other'), '} , # =\\');
  });

  it('takes space where the format does', () => {
    assert.equal(only('  a { b = "c" , d="e" } \t 4\r\n').value, 4);
    assert.equal(only('a{}5').value, 5);
    assert.equal(only('a\t6').value, 6);
    assert.ok(Number.isNaN(only('a NaN').value));
    assert.equal(only('a +Inf').value, Number.POSITIVE_INFINITY);
  });

  it('counts the lines it cannot read, and goes on behind them', () => {
    const bad = [
      'a',
      'a b',
      '1a 2',
      'a{b} 1',
      'a{b="c} 1',
      'a{b="c" d="e"} 1',
      'a{,} 1',
      'a{b="c"}',
      'a5',
      'a-5',
      'a.5',
      'a 1 x',
      'a 0x1f',
      '{"quoted", b="c"} 1',
      'a}1',
      '<html>',
    ];
    const { samples, malformedLines } = parsePrometheus(`${bad.join('\n')}\ngood 1\n`);
    assert.deepEqual(
      samples.map(({ name }) => name),
      ['good'],
    );
    assert.equal(malformedLines, bad.length);
  });

  it('reads back whatever labels and values are written', () => {
    const name = fc.stringMatching(/^[a-zA-Z_:][a-zA-Z0-9_:]{0,20}$/);
    const label = fc.stringMatching(/^[a-zA-Z_][a-zA-Z0-9_]{0,10}$/);
    // An end of line within quotes is written as an escape; a lone CR is no end of line.
    const labels = fc.dictionary(label, fc.string({ unit: 'binary' }), { maxKeys: 4 });
    fc.assert(
      fc.property(name, labels, fc.double(), (metric, values, value) => {
        const pairs = Object.entries(values).map(
          ([key, text]) =>
            `${key}="${text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
        );
        const sample = only(
          `${metric}{${pairs.join(',')}} ${`${value}`.replace('Infinity', 'Inf')}`,
        );
        assert.equal(sample.name, metric);
        assert.deepEqual(Object.fromEntries(sample.labels), { ...values });
        assert.ok(sample.value === value || Number.isNaN(value));
      }),
    );
  });

  it('never throws, and accounts for every line', () => {
    const part = fc.constantFrom(
      'a',
      '{',
      '}',
      'b="',
      '"',
      '\\',
      ',',
      ' ',
      '1',
      '# TYPE a counter',
      '\n',
      '=',
      'NaN',
      '\t',
    );
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(part, { maxLength: 30 }).map((parts) => parts.join('')),
    );
    fc.assert(
      fc.property(text, (exposition) => {
        const { samples, malformedLines } = parsePrometheus(exposition);
        const lines = exposition
          .split('\n')
          .filter((line) => line.trim() !== '' && !line.startsWith('#'));
        assert.equal(samples.length + malformedLines, lines.length);
      }),
    );
  });

  it('is not brought down by lines as long as the answer may be', () => {
    const long = 2_000_000;
    for (const line of [
      `a{b="${'\\\\'.repeat(long)}"} 1`,
      `a{b="${'x'.repeat(2 * long)}`,
      `a ${' '.repeat(2 * long)}x y`,
      `a 1${' '.repeat(2 * long)}x`,
      `# TYPE ${'x'.repeat(2 * long)}`,
    ]) {
      const startMs = performance.now();
      parsePrometheus(line);
      assert.ok(performance.now() - startMs < 10_000);
    }
  });
});
