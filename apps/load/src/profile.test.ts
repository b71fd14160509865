import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { levelAt } from './knots.ts';
import { constant, ramp, sequence, sine, spike, trace } from './profile.ts';

describe('constant', () => {
  it('has one level, for as long as the run or for a time', () => {
    assert.deepEqual(constant(50), {
      kind: 'line',
      knots: [{ atMs: 0, level: 50 }],
      durationMs: undefined,
      text: '50',
    });
    assert.equal(constant(0, { for: '2s' }).durationMs, 2_000);
  });

  it('refuses what is no level', () => {
    for (const level of [-1, Number.NaN, Infinity]) {
      assert.throws(() => constant(level), {
        name: 'TypeError',
        message: `constant: a number from 0 up, not ${level}`,
      });
    }
  });

  it('refuses what is no duration', () => {
    for (const text of ['', '10', '0s', '-1s', 'soon']) {
      assert.throws(() => constant(1, { for: text }), {
        name: 'TypeError',
        message: `constant: for: a duration such as 250ms, 2s or 1m, not "${text}"`,
      });
    }
  });
});

describe('ramp', () => {
  it('goes from one level to the other, and holds it', () => {
    const profile = ramp({ from: 10, to: 110, over: '10s', hold: '5s' });
    assert.equal(profile.durationMs, 15_000);
    assert.equal(profile.text, '10 → 110 over 10s');
    assert.equal(levelAt(profile.knots, 0), 10);
    assert.equal(levelAt(profile.knots, 2_500), 35);
    assert.equal(levelAt(profile.knots, 12_000), 110);
  });

  it('begins at 0 and ends at the top when it is not told otherwise', () => {
    const profile = ramp({ to: 8, over: '2s' });
    assert.equal(levelAt(profile.knots, 0), 0);
    assert.equal(profile.durationMs, 2_000);
  });

  it('names the option that is wrong', () => {
    assert.throws(() => ramp({ from: -1, to: 1, over: '1s' }), /^TypeError: ramp: from: .* not -1/);
    assert.throws(() => ramp({ to: Number.NaN, over: '1s' }), /^TypeError: ramp: to: .* not NaN/);
    assert.throws(() => ramp({ to: 1, over: '1' }), /^TypeError: ramp: over: a duration .* "1"/);
    assert.throws(() => ramp({ to: 1, over: '1s', hold: 'x' }), /^TypeError: ramp: hold: .* "x"/);
  });
});

describe('spike', () => {
  const options = { base: 10, peak: 90, at: '2s', lasting: '1s', for: '5s' };

  it('is at its peak for a while, and at the base before and after', () => {
    const profile = spike(options);
    const levels = [0, 1_999, 2_000, 2_999, 3_000, 5_000].map((ms) => levelAt(profile.knots, ms));
    assert.deepEqual(levels, [10, 10, 90, 90, 10, 10]);
    assert.equal(profile.durationMs, 5_000);
    assert.equal(profile.text, '10, 90 from 2s for 1s');
  });

  it('may end with the profile, but not after it', () => {
    assert.equal(spike({ ...options, for: '3s' }).durationMs, 3_000);
    assert.throws(() => spike({ ...options, for: '2s' }), {
      name: 'TypeError',
      message: 'spike: ends after the profile does; lengthen `for`',
    });
  });

  it('names the option that is wrong', () => {
    assert.throws(() => spike({ ...options, base: -1 }), /^TypeError: spike: base: /);
    assert.throws(() => spike({ ...options, peak: -1 }), /^TypeError: spike: peak: /);
    assert.throws(() => spike({ ...options, at: '' }), /^TypeError: spike: at: /);
    assert.throws(() => spike({ ...options, lasting: '' }), /^TypeError: spike: lasting: /);
    assert.throws(() => spike({ ...options, for: '' }), /^TypeError: spike: for: /);
  });
});

describe('sine', () => {
  const options = { mean: 100, amplitude: 50, period: '10s', for: '25s' };

  it('is within 0.2 % of the wave at every time', () => {
    const { knots } = sine(options);
    for (let ms = 0; ms <= 25_000; ms += 37) {
      const wave = 100 + 50 * Math.sin((2 * Math.PI * ms) / 10_000);
      const level = levelAt(knots, ms);
      assert.ok(Math.abs(level - wave) < 0.002 * wave, `${level} for ${wave} at ${ms} ms`);
    }
  });

  it('covers all of its time, and never goes below 0', () => {
    const { knots, durationMs, text } = sine({ ...options, amplitude: 100, for: '24990ms' });
    assert.equal(durationMs, 24_990);
    assert.ok((knots.at(-1)?.atMs as number) >= 24_990);
    assert.ok(knots.every(({ level }) => level >= 0));
    assert.equal(text, '100 ± 100 every 10s');
  });

  it('refuses an amplitude above the mean or below 0', () => {
    for (const amplitude of [101, -1, Number.NaN]) {
      assert.throws(() => sine({ ...options, amplitude }), {
        name: 'TypeError',
        message: `sine: an amplitude from 0 to the mean (100), not ${amplitude}`,
      });
    }
  });

  it('refuses more periods than it has points for', () => {
    assert.throws(() => sine({ ...options, period: '1ms', for: '1h' }), {
      name: 'TypeError',
      message: 'sine: more than 15,625 periods; lengthen `period`',
    });
    assert.equal(sine({ ...options, period: '1ms', for: '15625ms' }).knots.length, 1_000_001);
  });

  it('names the option that is wrong', () => {
    assert.throws(() => sine({ ...options, mean: -1 }), /^TypeError: sine: mean: /);
    assert.throws(() => sine({ ...options, period: '0s' }), /^TypeError: sine: period: /);
    assert.throws(() => sine({ ...options, for: '' }), /^TypeError: sine: for: /);
  });
});

describe('sequence', () => {
  it('puts one profile after the other, with a jump between', () => {
    const profile = sequence(
      constant(10, { for: '1s' }),
      ramp({ from: 20, to: 40, over: '2s', hold: '1s' }),
      constant(5),
    );
    const levels = [0, 999, 1_000, 2_000, 3_000, 3_999, 4_000, 9_000];
    const expected = [10, 10, 20, 30, 40, 40, 5, 5];
    assert.deepEqual(
      levels.map((ms) => levelAt(profile.knots, ms)),
      expected,
    );
    assert.equal(profile.durationMs, undefined);
    assert.equal(profile.text, '10, then 20 → 40 over 2s, then 5');
  });

  it('cuts a wave off where its time ends', () => {
    const wave = sine({ mean: 10, amplitude: 5, period: '1s', for: '330ms' });
    const profile = sequence(wave, constant(1, { for: '1s' }));
    assert.equal(profile.durationMs, 1_330);
    assert.ok(profile.knots.every(({ atMs }, i) => atMs >= (profile.knots[i - 1]?.atMs ?? 0)));
    assert.equal(levelAt(profile.knots, 329), levelAt(wave.knots, 329));
    assert.equal(levelAt(profile.knots, 330), 1);
  });

  it('takes sequences', () => {
    const part = sequence(constant(1, { for: '1s' }), constant(2, { for: '1s' }));
    const profile = sequence(part, part);
    const levels = [500, 1_500, 2_500, 3_500].map((ms) => levelAt(profile.knots, ms));
    assert.deepEqual(levels, [1, 2, 1, 2]);
    assert.equal(profile.durationMs, 4_000);
  });

  it('refuses a profile without an end before the last, and none at all', () => {
    assert.throws(() => sequence(constant(1), constant(2)), {
      name: 'TypeError',
      message: 'sequence: only the last profile may lack `for`',
    });
    assert.throws(() => sequence(), {
      name: 'TypeError',
      message: 'sequence: takes one profile or more',
    });
  });
});

describe('trace', () => {
  it('names the file and its speed', () => {
    assert.deepEqual(trace({ file: 'a.txt' }), {
      kind: 'trace',
      file: 'a.txt',
      speed: 1,
      text: 'trace a.txt',
    });
    assert.equal(trace({ file: 'a.txt', speed: 2 }).text, 'trace a.txt × 2');
  });

  it('refuses what is no speed', () => {
    for (const speed of [0, -1, Number.NaN, Infinity]) {
      assert.throws(() => trace({ file: 'a.txt', speed }), {
        name: 'TypeError',
        message: `trace: a speed above 0, not ${speed}`,
      });
    }
  });
});
