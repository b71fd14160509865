/** What is rendered is read back by a strict parser of the format, written from its description. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { latencyBucketsSeconds } from './histogram.ts';
import { createRegistry } from './registry.ts';

interface Sample {
  readonly name: string;
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
}

interface Exposition {
  readonly help: Map<string, string>;
  readonly type: Map<string, string>;
  readonly samples: Sample[];
}

/** Throws at the first thing the format does not allow. */
function parse(text: string): Exposition {
  assert.ok(text.endsWith('\n'), 'the last line must end in a line feed');
  const result: Exposition = { help: new Map(), type: new Map(), samples: [] };
  for (const line of text.slice(0, -1).split('\n')) {
    const comment = /^# (HELP|TYPE) ([a-zA-Z_:][a-zA-Z0-9_:]*) (.*)$/su.exec(line);
    if (!comment) {
      result.samples.push(parseSample(line));
      continue;
    }
    const [, kind, name = '', rest = ''] = comment;
    const seen = kind === 'HELP' ? result.help : result.type;
    assert.ok(!seen.has(name), `a second ${kind} line for ${name}`);
    if (kind === 'TYPE') assert.match(rest, /^(counter|gauge|histogram)$/);
    seen.set(name, kind === 'HELP' ? unescaped(rest) : rest);
  }
  return result;
}

function parseSample(line: string): Sample {
  const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$/su.exec(line);
  assert.ok(sample, `not a sample: ${JSON.stringify(line)}`);
  const [, name = '', labelText = '', number = ''] = sample;
  const labels = new Map<string, string>();
  const pair = /([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\\n]|\\[\\"n])*)"(,|$)/suy;
  while (pair.lastIndex < labelText.length) {
    const match = pair.exec(labelText);
    assert.ok(match, `not a label list: ${JSON.stringify(labelText)}`);
    const [, label = '', value = ''] = match;
    assert.ok(!labels.has(label), `label ${label} twice`);
    labels.set(label, unescaped(value));
  }
  return { name, labels, value: parseNumber(number) };
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gsu, (_, char: string) => (char === 'n' ? '\n' : char));
}

function parseNumber(text: string): number {
  if (text === '+Inf') return Number.POSITIVE_INFINITY;
  if (text === '-Inf') return Number.NEGATIVE_INFINITY;
  if (text === 'NaN') return Number.NaN;
  assert.match(text, /^-?\d+(\.\d+)?(e[+-]?\d+)?$/);
  return Number(text);
}

const text = fc.oneof(
  fc.string({ unit: 'grapheme' }),
  fc.string({
    unit: fc.constantFrom('\\', '"', '\n', 'n', ',', '=', '{', '}', ' ', '\r', '\u2028'),
  }),
);

test('property: any label value and help text survives rendering', () => {
  fc.assert(
    fc.property(
      text,
      fc.uniqueArray(fc.tuple(text, text), { selector: (pair) => JSON.stringify(pair) }),
      (help, pairs) => {
        const registry = createRegistry();
        const gauge = registry.gauge({ name: 'g', help, labelNames: ['first', 'second'] });
        for (const [i, pair] of pairs.entries()) gauge.labels(...pair).set(i);
        const parsed = parse(registry.render());
        assert.equal(parsed.help.get('g'), help);
        assert.deepEqual(
          parsed.samples.map(({ labels, value }) => [...labels.values(), value]),
          pairs.map((pair, i) => [...pair, i]),
        );
      },
    ),
  );
});

test('property: any number survives rendering', () => {
  fc.assert(
    fc.property(fc.double(), (value) => {
      const registry = createRegistry();
      registry.gauge({ name: 'g', help: 'g' }).labels().set(value);
      // The format has no negative zero.
      assert.equal(parse(registry.render()).samples[0]?.value, value === 0 ? 0 : value);
    }),
  );
});

test('property: a histogram counts each observation in every bucket that holds it', () => {
  const value = fc.oneof(
    fc.double({ min: 0, max: 120, noNaN: true }),
    fc.constantFrom(...latencyBucketsSeconds),
  );
  fc.assert(
    fc.property(fc.array(value), (values) => {
      const registry = createRegistry();
      const buckets = latencyBucketsSeconds;
      const series = registry.histogram({ name: 'h', help: 'h', buckets }).labels();
      for (const one of values) series.observe(one);

      const { samples, type } = parse(registry.render());
      assert.equal(type.get('h'), 'histogram');
      const bounds = samples.filter((sample) => sample.name === 'h_bucket');
      assert.equal(bounds.length, latencyBucketsSeconds.length + 1);
      for (const { labels, value: count } of bounds) {
        const bound = parseNumber(labels.get('le') ?? '');
        assert.equal(count, values.filter((one) => one <= bound).length);
      }
      const read = (name: string) => samples.find((sample) => sample.name === name)?.value;
      assert.equal(read('h_count'), values.length);
      assert.equal(
        read('h_sum'),
        values.reduce((sum, one) => sum + one, 0),
      );
    }),
  );
});
