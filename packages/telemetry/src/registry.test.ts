import assert from 'node:assert/strict';
import { test } from 'node:test';
import { renderFamilies } from './exposition.ts';
import { createRegistry } from './registry.ts';

test('metrics are rendered in the order of registration, each under its help and type', () => {
  const registry = createRegistry();
  registry.gauge({ name: 'queue_length', help: 'Waiting.' }).labels().set(-2.5);
  const requests = registry.counter({
    name: 'requests_total',
    help: 'A \\ and a\nline feed.',
    labelNames: ['service', 'status'],
  });
  requests.labels('items', '200').inc();
  requests.labels('items', '200').inc(2);
  requests.labels('live', '503').inc();
  assert.equal(
    registry.render(),
    `# HELP queue_length Waiting.
# TYPE queue_length gauge
queue_length -2.5
# HELP requests_total A \\\\ and a\\nline feed.
# TYPE requests_total counter
requests_total{service="items",status="200"} 3
requests_total{service="live",status="503"} 1
`,
  );
});

test('a histogram is cumulative, its bounds inclusive, and ends with +Inf, sum and count', () => {
  const registry = createRegistry();
  const sizes = registry.histogram({
    name: 'size_bytes',
    help: 'Sizes.',
    labelNames: ['kind'],
    buckets: [1, 2.5, 10],
  });
  for (const value of [0.5, 1, 2, 10, 11, Number.POSITIVE_INFINITY]) {
    sizes.labels('x').observe(value);
  }
  assert.equal(
    registry.render(),
    `# HELP size_bytes Sizes.
# TYPE size_bytes histogram
size_bytes_bucket{kind="x",le="1"} 2
size_bytes_bucket{kind="x",le="2.5"} 3
size_bytes_bucket{kind="x",le="10"} 4
size_bytes_bucket{kind="x",le="+Inf"} 6
size_bytes_sum{kind="x"} +Inf
size_bytes_count{kind="x"} 6
`,
  );
});

test('a metric without labels is there from the start, at zero', () => {
  const registry = createRegistry();
  registry.counter({ name: 'reloads_total', help: 'Reloads.' });
  assert.match(registry.render(), /^reloads_total 0$/m);
});

test('a series that was removed is gone, and starts over when it comes back', () => {
  const registry = createRegistry();
  const counter = registry.counter({ name: 'c', help: 'c', labelNames: ['upstream'] });
  const held = counter.labels('a');
  held.inc(5);
  counter.labels('b').inc();
  counter.remove('a');
  held.inc();
  assert.doesNotMatch(registry.render(), /upstream="a"/);
  assert.match(registry.render(), /c\{upstream="b"\} 1/);
  counter.labels('a').inc();
  assert.match(registry.render(), /c\{upstream="a"\} 1/);
  counter.clear();
  assert.doesNotMatch(registry.render(), /upstream=/);
});

test('label values that would run into each other are different series', () => {
  const registry = createRegistry();
  const gauge = registry.gauge({ name: 'g', help: 'g', labelNames: ['a', 'b'] });
  const pairs = [
    ['ab', 'c'],
    ['a', 'bc'],
    ['1:a', ''],
    ['', '1:a'],
  ] as const;
  for (const [i, [a, b]] of pairs.entries()) gauge.labels(a, b).set(i);
  for (const [i, [a, b]] of pairs.entries()) {
    gauge.labels(a, b).inc(10);
    assert.ok(registry.render().includes(`g{a="${a}",b="${b}"} ${i + 10}\n`), `${a}, ${b}`);
  }
});

test('collect runs at each render, and what it cleared is gone', () => {
  const registry = createRegistry();
  let upstreams = ['a', 'b'];
  registry.gauge({
    name: 'in_flight',
    help: 'In flight.',
    labelNames: ['upstream'],
    collect(gauge) {
      gauge.clear();
      for (const upstream of upstreams) gauge.labels(upstream).set(1);
    },
  });
  assert.match(registry.render(), /upstream="a"[\s\S]*upstream="b"/);
  upstreams = ['b'];
  assert.doesNotMatch(registry.render(), /upstream="a"/);
});

test('names that the format or Prometheus would not take are refused', () => {
  const registry = createRegistry();
  const help = 'x';
  for (const name of ['', '1a', 'a-b', 'a b', 'é', 'a\n']) {
    assert.throws(() => registry.counter({ name, help }), /cannot name a metric/, name);
  }
  for (const labelName of ['', '1a', 'a-b', 'a:b', '__name__', 'a\n']) {
    const labelNames = [labelName];
    assert.throws(() => registry.gauge({ name: 'g', help, labelNames }), /cannot name a label/);
  }
  assert.throws(() => registry.gauge({ name: 'g', help, labelNames: ['a', 'a'] }), /label twice/);
  const buckets = [1];
  assert.throws(
    () => registry.histogram({ name: 'h', help, labelNames: ['le'], buckets }),
    /its buckets use it/,
  );
  assert.equal(registry.render(), '', 'nothing refused is rendered');
});

test('a name can be registered once, whatever the type', () => {
  const registry = createRegistry();
  registry.counter({ name: 'a', help: 'a' });
  assert.throws(() => registry.gauge({ name: 'a', help: 'a' }), /metric a .* is taken/);
  registry.counter({ name: 'h_count', help: 'h' });
  assert.throws(
    () => registry.histogram({ name: 'h', help: 'h', buckets: [1] }),
    /metric h would be rendered as h_count, which is taken/,
  );
  registry.histogram({ name: 'size', help: 'size', buckets: [1] });
  assert.throws(() => registry.gauge({ name: 'size_sum', help: 's' }), /size_sum, which is taken/);
});

test('buckets must be finite and ascend', () => {
  const registry = createRegistry();
  for (const buckets of [[], [1, 1], [2, 1], [1, Number.POSITIVE_INFINITY], [Number.NaN]]) {
    assert.throws(() => registry.histogram({ name: 'h', help: 'h', buckets }), /ascending buckets/);
  }
});

test('a wrong number of label values, a falling counter and NaN are errors in the caller', () => {
  const registry = createRegistry();
  const counter = registry.counter({ name: 'c', help: 'c', labelNames: ['a'] });
  assert.throws(() => counter.labels(), /metric c has labels \(a\), but got 0/);
  assert.throws(() => counter.labels('x', 'y'), RangeError);
  assert.throws(() => counter.labels('x').inc(-1), RangeError);
  assert.throws(() => counter.labels('x').inc(Number.NaN), RangeError);
  const histogram = registry.histogram({ name: 'h', help: 'h', buckets: [1] });
  assert.throws(() => histogram.labels().observe(Number.NaN), RangeError);
});

test('what is read is plain data: a copy in another process renders the same', () => {
  const registry = createRegistry();
  registry
    .counter({ name: 'c', help: 'a "c"\n', labelNames: ['a'] })
    .labels('x"\n\\')
    .inc(3);
  registry.gauge({ name: 'g', help: 'g', merge: 'max' }).labels().set(Number.POSITIVE_INFINITY);
  const histogram = registry.histogram({
    name: 'h',
    help: 'h',
    labelNames: ['a'],
    buckets: [1, 2],
  });
  histogram.labels('x').observe(1.5);
  const read = structuredClone(registry.read());
  assert.deepEqual(read, [
    {
      type: 'counter',
      name: 'c',
      help: 'a "c"\n',
      labelNames: ['a'],
      series: [{ labels: ['x"\n\\'], value: 3 }],
    },
    {
      type: 'gauge',
      merge: 'max',
      name: 'g',
      help: 'g',
      labelNames: [],
      series: [{ labels: [], value: Number.POSITIVE_INFINITY }],
    },
    {
      type: 'histogram',
      bounds: [1, 2],
      name: 'h',
      help: 'h',
      labelNames: ['a'],
      series: [{ labels: ['x'], counts: [0, 1, 0], sum: 1.5 }],
    },
  ]);
  assert.equal(renderFamilies(read), registry.render());
});

test('what was read stays as it was', () => {
  const registry = createRegistry();
  const counter = registry.counter({ name: 'c', help: 'c' }).labels();
  const histogram = registry.histogram({ name: 'h', help: 'h', buckets: [1] }).labels();
  const before = registry.read();
  const text = renderFamilies(before);
  counter.inc();
  histogram.observe(1);
  assert.equal(renderFamilies(before), text);
  assert.notEqual(registry.render(), text);
});

test('a gauge told for each worker cannot have the label that tells them apart', () => {
  const registry = createRegistry();
  const labelNames = ['worker'];
  assert.throws(
    () => registry.gauge({ name: 'g', help: 'g', labelNames, merge: 'each' }),
    /gauge g cannot have a label "worker"/,
  );
  registry.gauge({ name: 'g', help: 'g', labelNames, merge: 'max' });
});
