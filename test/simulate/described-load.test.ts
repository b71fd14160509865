import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseDurationMs, parseFault, parseRates, parseServiceTime } from './described-load.ts';

const URL = 'http://127.0.0.1:4001';

describe('a load in words', () => {
  it('has durations with units', () => {
    const ms = ['20ms', '1.5s', '2m'].map((text) => parseDurationMs(text, '--for'));
    assert.deepEqual(ms, [20, 1_500, 120_000]);
    for (const text of ['20', '0s', '-1s', '1h', 's', '']) {
      assert.throws(() => parseDurationMs(text, '--for'), /^Error: --for: ".*" is no duration/);
    }
  });

  it('has service times', () => {
    assert.deepEqual(parseServiceTime('exp 20ms'), { kind: 'exponential', meanMs: 20 });
    assert.deepEqual(parseServiceTime(' constant  1s '), { kind: 'constant', meanMs: 1_000 });
    assert.deepEqual(parseServiceTime('lognormal 20ms sigma 1.5'), {
      kind: 'lognormal',
      meanMs: 20,
      sigma: 1.5,
    });
    assert.deepEqual(parseServiceTime('mix 99% 10ms 1% 500ms'), {
      kind: 'mix',
      meanMs: 10,
      rareShare: 0.01,
      rareMeanMs: 500,
    });
  });

  it('says what is wrong with a service time', () => {
    assert.throws(() => parseServiceTime('constnt 20ms'), /did you mean "constant"\?/);
    assert.throws(() => parseServiceTime('exp'), /write it like exp 20ms/);
    assert.throws(() => parseServiceTime('lognormal 20ms sigma x'), /give sigma, above 0/);
    assert.throws(() => parseServiceTime('mix 90% 10ms 1% 500ms'), /make up 100%/);
  });

  it('has one rate, or others for some of the time, the last word counting', () => {
    assert.deepEqual(parseRates(['800'], 60_000), [{ untilMs: 60_000, ratePerSecond: 800 }]);
    assert.deepEqual(parseRates(['800', '2400 from 10s to 20s', '0.5 from 19s'], 30_000), [
      { untilMs: 10_000, ratePerSecond: 800 },
      { untilMs: 19_000, ratePerSecond: 2_400 },
      { untilMs: 20_000, ratePerSecond: 0.5 },
      { untilMs: 30_000, ratePerSecond: 0.5 },
    ]);
  });

  it('says what is wrong with a rate', () => {
    assert.throws(() => parseRates(['many'], 30_000), /--rate "many": write requests per second/);
    assert.throws(() => parseRates(['0'], 30_000), /write requests per second/);
    assert.throws(() => parseRates(['5 from 10s'], 30_000), /nothing about .* from 0s to 10s/);
  });

  it('has faults of one upstream or all, for a time or for good', () => {
    const fault = (text: string) => parseFault(text, 60_000);
    assert.deepEqual(fault(`${URL} slow x10 from 20s to 40s`), {
      text: `${URL} slow x10 from 20s to 40s`,
      target: URL,
      fault: { kind: 'slow', factor: 10, fromMs: 20_000, toMs: 40_000 },
    });
    assert.deepEqual(fault('all failing 50% to 40s').fault, {
      kind: 'failing',
      share: 0.5,
      fromMs: 0,
      toMs: 40_000,
    });
    assert.deepEqual(fault('all paused').fault, { kind: 'paused', fromMs: 0, toMs: 60_000 });
    assert.deepEqual(fault('all down from 50s to 70s').fault, {
      kind: 'down',
      fromMs: 50_000,
      toMs: 60_000,
    });
  });

  it('says what is wrong with a fault', () => {
    const thrown = (text: string, message: RegExp) =>
      assert.throws(() => parseFault(text, 60_000), message);
    thrown(URL, /after the URL of an upstream, or all, say slow/);
    thrown(`${URL} slwo x10`, /did you mean "slow"\?/);
    thrown(`${URL} slow 10`, /say how slow/);
    thrown(`${URL} failing`, /write it like .* failing 50%/);
    thrown(`${URL} failing half`, /"half" is no share/);
    thrown(`${URL} down now`, /write it like .* down from 20s to 40s/);
    thrown(`${URL} down from 40s to 20s`, /begin at 40s and end at 20s/);
  });
});
