import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { logRange, logSplits } from './log-scale.ts';

const latency = fc.double({ min: 0.001, max: 4e6, noNaN: true });

describe('a logarithmic axis', () => {
  it('covers all values, with a decade at least and little beyond', () => {
    fc.assert(
      fc.property(latency, latency, (a, b) => {
        const [low, high] = [Math.min(a, b), Math.max(a, b)];
        const [from, to] = logRange(low, high);
        assert.ok(from <= low * 1.000_01 && to >= high * 0.999_99, `${from} to ${to}`);
        assert.ok(to / from >= 9.99);
        assert.ok(from >= low / 2.6);
        assert.ok(to <= Math.max(high * 2.6, from * 10.01), `${from} to ${to}`);
      }),
    );
  });

  it('is there without values', () => {
    assert.deepEqual(logRange(null, null), [1, 100]);
  });

  it('has ticks that do not touch, and two at least', () => {
    fc.assert(
      fc.property(latency, latency, fc.integer({ min: 100, max: 400 }), (a, b, heightPx) => {
        const [min, max] = logRange(Math.min(a, b), Math.max(a, b));
        const splits = logSplits(min, max, heightPx);
        const places = splits.map(
          (value) => (Math.log(value / min) / Math.log(max / min)) * heightPx,
        );
        places.slice(1).forEach((place, i) => {
          assert.ok(place - (places[i] as number) >= 14, `${splits} in ${heightPx} px`);
        });
        assert.ok(splits.length >= 1);
      }),
    );
  });
});
