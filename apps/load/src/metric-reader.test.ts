import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createMetricReader } from './metric-reader.ts';

describe('createMetricReader', () => {
  it('gives gauges as they are, and counters as increase per second', () => {
    const reader = createMetricReader();
    const text = (served: number) =>
      `# TYPE served_total counter\nserved_total{b="2",a="1"} ${served}\n# TYPE load gauge\nload 0.5\n`;
    assert.deepEqual(reader.read(text(100), 0), { load: 0.5 });
    assert.deepEqual(reader.read(text(150), 2_000), { 'served_total{a="1",b="2"}': 25, load: 0.5 });
  });

  it('takes a counter that was reset as grown from 0', () => {
    const reader = createMetricReader();
    const text = (served: number) => `# TYPE served_total counter\nserved_total ${served}\n`;
    reader.read(text(1_000), 0);
    assert.deepEqual(reader.read(text(30), 1_000), { served_total: 30 });
  });

  it('counts from 0 what appears later', () => {
    const reader = createMetricReader();
    reader.read('# TYPE e_total counter\n', 0);
    assert.deepEqual(reader.read('# TYPE e_total counter\ne_total{kind="x"} 4\n', 1_000), {
      'e_total{kind="x"}': 4,
    });
  });

  it('reduces histograms and summaries to rate and mean', () => {
    const reader = createMetricReader();
    const text = (sum: number, count: number) => `# TYPE seconds histogram
seconds_bucket{le="1",route="a"} ${count}
seconds_bucket{le="+Inf",route="a"} ${count}
seconds_sum{route="a"} ${sum}
seconds_count{route="a"} ${count}
# TYPE rpc summary
rpc{quantile="0.5"} NaN
rpc{quantile="0.9"} 3
rpc_sum ${sum}
rpc_count ${count}
untyped_bucket{le="1"} 5
`;
    reader.read(text(10, 100), 0);
    assert.deepEqual(reader.read(text(16, 120), 1_000), {
      'seconds_sum{route="a"}': 6,
      'seconds_count{route="a"}': 20,
      'seconds_mean{route="a"}': 0.3,
      'rpc{quantile="0.9"}': 3,
      rpc_sum: 6,
      rpc_count: 20,
      rpc_mean: 0.3,
    });
    // Nothing new: there is no mean of nothing.
    assert.deepEqual(Object.keys(reader.read(text(16, 120), 2_000)).sort(), [
      'rpc_count',
      'rpc_sum',
      'rpc{quantile="0.9"}',
      'seconds_count{route="a"}',
      'seconds_sum{route="a"}',
    ]);
  });

  it('leaves out the times of creation, and takes _total without a type for a counter', () => {
    const reader = createMetricReader();
    const text = (value: number) =>
      `# TYPE a counter\na_total ${value}\na_created 1.7e9\nb_total ${value}\nc ${value}\n`;
    reader.read(text(1), 0);
    assert.deepEqual(reader.read(text(3), 1_000), { a_total: 2, b_total: 2, c: 3 });
  });

  it('keeps the first 300, the same ones every second, and says so once', () => {
    const reader = createMetricReader();
    const text = Array.from({ length: 400 }, (_, i) => `m${i}${i % 2 ? '' : '_total'} ${i}`).join(
      '\n',
    );
    assert.equal(Object.keys(reader.read(text, 0)).length, 150);
    const found = Object.keys(reader.read(text, 1_000));
    assert.equal(found.length, 300);
    assert.ok(found.includes('m299') && !found.includes('m300_total'));
    assert.deepEqual(reader.problems(), ['100 left out beyond the first 300']);
  });

  it('says how many lines are no metrics', () => {
    const reader = createMetricReader();
    assert.deepEqual(reader.read('<html>\n</html>\n', 0), {});
    reader.read('<html>\n', 1_000);
    assert.deepEqual(reader.problems(), ['2 lines are no metrics']);
  });
});
