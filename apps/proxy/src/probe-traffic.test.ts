/** How real requests space the probes out. Two probes run side by side, so that none is timed. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { createHealth } from '@headgate/balancer';
import { upstreamAddressOf } from './address.ts';
import {
  answering,
  type FakeUpstream,
  silent,
  startFakeUpstream,
} from './fake-upstream.test-support.ts';
import { startProbe, type Traffic } from './probe.ts';

type Counts = { -readonly [name in keyof Traffic]: number };

/** An upstream that is probed until the test is over, and what its traffic is said to be. */
async function probed(t: TestContext, intervalMs: number, traffic?: () => Traffic) {
  const upstream = await startFakeUpstream(answering(200));
  const probe = startProbe({
    connection: {
      address: upstreamAddressOf(upstream.url),
      connectTimeoutMs: 30_000,
      headSizeBytes: 16_384,
    },
    health: createHealth({ rise: 1, fall: 1 }),
    ...(traffic && { traffic }),
    check: { path: '/health', intervalMs, timeoutMs: 30_000 },
    now: () => performance.now(),
    random: () => 0.5,
    onChange() {},
  });
  t.after(async () => {
    probe.stop();
    await upstream.close();
  });
  return upstream;
}

function noTraffic(): Counts {
  return { successes: 0, failures: 0, serviceRequests: 0, serviceInFlight: 0 };
}

/** Traffic that goes well: at every look there is more of it. */
function goingWell(counts: Counts): () => Traffic {
  return () => {
    counts.successes++;
    counts.serviceRequests++;
    return { ...counts };
  };
}

/**
 * Makes `change` more than an interval of 300 ms after the second probe of `changing`, the first
 * that a whole interval follows, and wants the third one before that of `unchanged`, which has a
 * start of half an interval: with the same delays it would be first.
 */
async function isOverdueBefore(
  unchanged: FakeUpstream,
  changing: FakeUpstream,
  change: () => void,
) {
  await changing.asked(2);
  await sleep(375);
  change();
  await changing.asked(3);
  assert.equal(unchanged.requests.length, 2);
}

describe('probes of a healthy upstream', () => {
  it('are fewer while requests go well there, and fewest while its service is idle', async (t) => {
    const plain = await probed(t, 40);
    const proven = await probed(t, 40, goingWell(noTraffic()));
    const idle = await probed(t, 40, noTraffic);
    await plain.asked(20);
    assert.ok(proven.requests.length >= 3 && proven.requests.length <= 12, 'every third');
    assert.ok(idle.requests.length >= 2 && idle.requests.length <= 9, 'every fifth');
  });

  it('are not fewer while others get the requests', async (t) => {
    const counts = noTraffic();
    const others = await probed(t, 40, () => ({
      ...counts,
      serviceRequests: counts.serviceRequests++,
    }));
    const idle = await probed(t, 40, noTraffic);
    await others.asked(20);
    assert.ok(idle.requests.length <= 9);
  });

  for (const [what, change] of [
    ['the service gets a request', (counts: Counts) => counts.serviceRequests++],
    ['a request is in flight', (counts: Counts) => counts.serviceInFlight++],
    ['a request fails', (counts: Counts) => counts.failures++],
  ] as const) {
    it(`are due as usual when ${what} after a while of nothing`, async (t) => {
      const counts = noTraffic();
      const idle = await probed(t, 300, noTraffic);
      await idle.asked(2);
      await isOverdueBefore(idle, await probed(t, 300, () => ({ ...counts })), () =>
        change(counts),
      );
    });
  }

  it('are due as usual when requests go there and are not answered any more', async (t) => {
    let isHanging = false;
    const counts = noTraffic();
    const well = goingWell(counts);
    const hanging = () => {
      if (!isHanging) return well();
      counts.serviceInFlight++;
      counts.serviceRequests++;
      return { ...counts };
    };
    const proven = await probed(t, 300, goingWell(noTraffic()));
    await proven.asked(2);
    await isOverdueBefore(proven, await probed(t, 300, hanging), () => {
      isHanging = true;
    });
  });
});

describe('probes of many upstreams', () => {
  it('are at most 64 at a time, and a turn that ends is taken by the next', async (t) => {
    const upstream = await startFakeUpstream(silent);
    const probes = Array.from({ length: 80 }, () =>
      startProbe({
        connection: {
          address: upstreamAddressOf(upstream.url),
          connectTimeoutMs: 30_000,
          headSizeBytes: 16_384,
        },
        health: createHealth({ rise: 1, fall: 1 }),
        check: { path: '/health', intervalMs: 3_600_000, timeoutMs: 30_000 },
        now: () => performance.now(),
        random: () => 0.5,
        onChange() {},
      }),
    );
    t.after(async () => {
      for (const probe of probes) probe.stop();
      await upstream.close();
    });
    await upstream.asked(64);
    await sleep(100);
    assert.equal(upstream.requests.length, 64);
    for (const probe of probes.slice(0, 10)) probe.stop();
    await upstream.asked(74);
    await sleep(100);
    assert.equal(upstream.requests.length, 74);
  });
});
