import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { RunResult } from './result.ts';
import { resultOf, seriesOf } from './run-result.test-support.ts';
import { checkThresholds, judge, parseThreshold } from './threshold.ts';

/** 1 to 1000 ms, ten of them failures. */
const latenciesMs = Array.from({ length: 1_000 }, (_, i) => i + 1);
const result = resultOf(
  [
    { latenciesMs, failed: 10 },
    { latenciesMs: [], isSaturated: true },
  ],
  {
    series: [
      seriesOf('items', latenciesMs, { failed: 10, dropped: 250 }),
      seriesOf('checkout', [5, 6, 7]),
      seriesOf('checkout › GET /cart', [5, 6, 7]),
    ],
  },
);
const empty = resultOf([]);

function measured(text: string, run: RunResult = result): string {
  return judge(parseThreshold(text), run).measured;
}

function isMet(text: string, run: RunResult = result): boolean {
  return judge(parseThreshold(text), run).isMet;
}

describe('parseThreshold', () => {
  it('reads flow, metric, operator, value and unit, with any spacing', () => {
    assert.deepEqual(parseThreshold('p99 < 200ms'), {
      text: 'p99 < 200ms',
      series: null,
      isService: false,
      metric: 'p99',
      operator: '<',
      limit: 200,
      unit: 'ms',
    });
    const step = parseThreshold(' checkout › GET /a:b :service.p99.9<=1.5 s');
    assert.equal(step.series, 'checkout › GET /a:b');
    assert.equal(step.isService, true);
    assert.equal(step.metric, 'p99.9');
    assert.equal(step.limit, 1.5);
    assert.equal(step.unit, 's');
  });

  it('takes every metric, and any percentile', () => {
    for (const text of [
      'p50 < 1us',
      'p97.53 < 800µs',
      'mean <= 1m',
      'min > 1ms',
      'max >= 0.5s',
      'errors < 0.1%',
      'errors == 0',
      'dropped == 0',
      'late <= 3%',
      'saturated == 0',
      'requests >= 1000',
      'rate > 950/s',
      'rate > 950',
    ]) {
      assert.equal(parseThreshold(text).text, text);
    }
  });

  const refused: readonly (readonly [text: string, problem: RegExp])[] = [
    ['', /there is no metric; possible: p50 .*saturated/],
    ['p99', /there is no operator; possible: < <= > >= ==/],
    ['p99 = 1ms', /"=" is no operator/],
    ['p99 <', /there is no value for p99; possible: a duration/],
    ['p99 < 200', /"200" is no value for p99; possible: a duration with its unit/],
    ['p99 < 200mss', /"200mss" is no value/],
    ['p99 < -1ms', /"-1ms" is no value/],
    ['p99 < 0ms', /nothing is below 0; write p99 == 0/],
    ['errors < 10ms', /"10ms" is no value for errors; possible: a share or a count/],
    ['rate > 5%', /"5%" is no value for rate/],
    ['erors < 1%', /"erors" is no metric; did you mean errors\?/],
    ['p999 < 1s', /"p999" is no metric; did you mean p99/],
    ['p0 < 1s', /"p0" is no metric/],
    ['constructor < 1s', /"constructor" is no metric/],
    ['p99 < 1constructor', /is no value/],
    ['service.errors < 1%', /only latencies can be of the service/],
    ['items: late == 0', /late is measured of the whole run only/],
    [': p99 < 1s', /no flow is named before the colon/],
  ];
  for (const [text, problem] of refused) {
    it(`refuses "${text}", and says why`, () => {
      assert.throws(
        () => parseThreshold(text),
        (error: unknown) => {
          assert.ok(error instanceof TypeError);
          assert.match(error.message, problem);
          assert.ok(error.message.includes(`"${text}"`));
          return true;
        },
      );
    });
  }

  it('answers any text with a threshold or a TypeError', () => {
    const word = fc.oneof(
      fc.string(),
      fc.constantFrom('p99', 'errors', ':', '<', '==', '200ms', '0.1%', ' ', 'service.', 'a › b'),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (words) => {
        try {
          assert.ok(Number.isFinite(parseThreshold(words.join('')).limit));
        } catch (error) {
          assert.ok(error instanceof TypeError);
        }
      }),
    );
  });
});

describe('checkThresholds', () => {
  it('tells every problem at once', () => {
    assert.throws(
      () => checkThresholds(['p9x < 1s', 'p99 < 1s', 'itmes: p99 < 1s', 'errors'], ['items', 'b']),
      (error: unknown) => {
        assert.ok(error instanceof TypeError);
        const lines = error.message.split('\n');
        assert.equal(lines.length, 3);
        assert.match(lines[0] as string, /p9x/);
        assert.match(
          lines[1] as string,
          /no flow is called "itmes"; did you mean "items"\?; there are: items, b/,
        );
        assert.match(lines[2] as string, /no operator/);
        return true;
      },
    );
  });

  it('takes the steps of a known flow, which nobody can know before the run', () => {
    const [threshold] = checkThresholds(['checkout › GET /cart: p99 < 1s'], ['checkout']);
    assert.equal(threshold?.series, 'checkout › GET /cart');
    assert.throws(() => checkThresholds(['buy › GET /cart: p99 < 1s'], ['checkout']), TypeError);
  });
});

describe('judge', () => {
  it('measures latencies from the intended send, and of the service where asked', () => {
    assert.match(measured('p50 < 2s'), /^0\.5\d*s$/);
    assert.match(measured('service.p50 < 2s'), /^0\.25\d*s$/);
    assert.match(measured('items: service.max < 1s'), /^0\.(5|49)\d*s$/);
    assert.match(measured('p99.9 < 2s'), /^0\.99\d*s$/);
    assert.match(measured('mean < 2000ms'), /^500\.\d+ms$/);
    assert.match(measured('min < 3000us'), /^1000us$/);
    assert.equal(isMet('p99 < 980ms'), false);
    assert.equal(isMet('p99 < 1000ms'), true);
    assert.equal(isMet('checkout: max < 8ms'), true);
    assert.equal(isMet('checkout › GET /cart: max < 6ms'), false);
  });

  it('measures shares and counts', () => {
    assert.equal(measured('errors < 5%'), '1%');
    assert.equal(measured('errors < 5'), '10');
    assert.equal(measured('checkout: errors == 0'), '0');
    assert.equal(measured('items: dropped < 50%'), '20%');
    assert.equal(measured('items: dropped < 50'), '250');
    assert.equal(measured('late == 0'), '0');
    assert.equal(measured('saturated < 60%'), '50%');
    assert.equal(measured('saturated == 0'), '1');
    assert.equal(measured('requests > 5'), '1000');
    assert.equal(measured('checkout: requests == 3'), '3');
    assert.equal(measured('rate > 400/s'), '495/s');
    assert.equal(measured('checkout: rate > 1'), '1.5');
  });

  it('holds a share against exactly what was written', () => {
    const run = resultOf([{ latenciesMs, failed: 7 }]);
    for (const [text, expected] of [
      ['errors <= 0.7%', true],
      ['errors >= 0.7%', true],
      ['errors == 0.7%', true],
      ['errors < 0.7%', false],
      ['errors > 0.7%', false],
    ] as const) {
      assert.equal(isMet(text, run), expected, text);
    }
  });

  it('never shows a value that seems to contradict the verdict', () => {
    const slow = resultOf([{ latenciesMs: Array.from({ length: 9_999 }, () => 1), failed: 100 }]);
    const { measured: shown, isMet: met } = judge(parseThreshold('errors <= 1%'), slow);
    assert.equal(met, false);
    assert.equal(shown, '1.0001%');
  });

  it('is not met by what could not be measured', () => {
    for (const text of [
      'p99 < 1s',
      'max < 1s',
      'service.p50 < 1s',
      'errors < 1%',
      'errors == 0',
      'saturated == 0',
      'dropped < 1%',
    ]) {
      const verdict = judge(parseThreshold(text), empty);
      assert.equal(verdict.isMet, false, text);
      assert.match(verdict.measured, /^nothing/);
    }
    // Dropped arrivals count as the time limit, but a run that dropped all has measured nothing.
    const dropped = { ...empty, totals: { ...empty.totals, latency: result.totals.latency } };
    assert.equal(isMet('p99 < 1h'.replace('h', 'm'), dropped), false);
  });

  it('is not met by a step that was never reached', () => {
    assert.deepEqual(judge(parseThreshold('checkout › POST /buy: p99 < 1s'), result), {
      text: 'checkout › POST /buy: p99 < 1s',
      measured: 'never reached',
      isMet: false,
    });
  });

  it('throws for a flow that the run does not have, and names those it has', () => {
    assert.throws(() => judge(parseThreshold('chekout: p99 < 1s'), result), {
      name: 'TypeError',
      message:
        /no flow is called "chekout"; did you mean "checkout"\?; there are: items, checkout$/,
    });
  });

  it('takes users as they start where nothing arrives by itself', () => {
    const closed = resultOf([{ latenciesMs }]);
    const totals = { ...closed.totals, arrivals: 0 };
    assert.equal(isMet('dropped < 1%', { ...closed, totals }), true);
  });
});
