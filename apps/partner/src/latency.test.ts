import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseLatency } from './latency.ts';
import { createRandom } from './random.ts';

const drawCount = 20_000;

function draws(text: string): number[] {
  const latency = parseLatency(text);
  assert.ok(latency);
  const random = createRandom(42);
  return Array.from({ length: drawCount }, () => latency(random)).sort((a, b) => a - b);
}

function near(actual: number | undefined, expected: number, message: string): void {
  assert.ok(actual && Math.abs(actual / expected - 1) < 0.05, `${message}: ${actual}`);
}

test('a constant latency is always the same', () => {
  assert.deepEqual(new Set(draws('20ms')), new Set([20]));
});

test('a uniform latency stays within its bounds and fills them', () => {
  const sorted = draws('uniform:5ms-40ms');
  assert.ok((sorted[0] ?? 0) >= 5 && (sorted.at(-1) ?? 99) <= 40);
  near(sorted[drawCount / 2], 22.5, 'median');
});

test('an exponential latency has the stated mean', () => {
  const sorted = draws('exp:20ms');
  near(sorted.reduce((sum, ms) => sum + ms, 0) / drawCount, 20, 'mean');
  near(sorted[drawCount / 2], 20 * Math.LN2, 'median');
});

test('a lognormal latency has the stated median and spread', () => {
  const sorted = draws('lognormal:20ms:0.8');
  near(sorted[drawCount / 2], 20, 'median');
  near(sorted[Math.floor(drawCount * 0.8413)], 20 * Math.exp(0.8), 'one sigma');
});

test('anything else is no latency', () => {
  const wrong = [
    '',
    '20',
    '-1ms',
    'uniform:5ms',
    'uniform:40ms-5ms',
    'uniform:1ms-2ms-3ms',
    'exp:',
    'exp:20ms:1',
    'lognormal:20ms',
    'lognormal:20ms:x',
    'lognormal:20ms:1:1',
    'normal:20ms',
    ':20ms',
  ];
  for (const text of wrong) assert.equal(parseLatency(text), undefined, text);
});
