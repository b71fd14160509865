/** A steady load beside what a test does, of which not a single request may be lost. */
import assert from 'node:assert/strict';
import { eventually } from './eventually.ts';
import { type ExactLoad, startExactLoad } from './exact-load.ts';
import type { PatientOrigin } from './patient-origin.ts';

const PER_SECOND = 200;

/** Enough to notice that some of them go elsewhere. */
const MANY = 150;

/**
 * Asks `port` for `/` all the time while `act` runs. Fails when a request has failed, or a kept
 * connection was closed by the edge.
 */
export async function underLosslessLoad(
  port: number,
  act: (load: ExactLoad) => Promise<void>,
): Promise<void> {
  const load = startExactLoad({ port, perSecond: PER_SECOND });
  try {
    await answersMore(load);
    await act(load);
    await answersMore(load);
  } finally {
    await load.stop();
  }
  assert.deepEqual(load.failures, []);
  assert.equal(load.closedAtRest, 0);
}

/** Waits until so many further requests have been answered. */
export async function answersMore(load: ExactLoad, count = MANY): Promise<void> {
  const enough = load.answered + count;
  await eventually(() => assert.ok(load.answered >= enough, `${load.answered} of ${enough}`));
}

/**
 * Waits until `origin` gets none of many requests: what was on its way to it before may still come
 * in, as late as this machine likes.
 */
export async function assertQuiet(origin: PatientOrigin, load: ExactLoad): Promise<void> {
  await eventually(async () => {
    const before = origin.asked;
    await answersMore(load);
    assert.equal(origin.asked, before, `${origin.url} is asked`);
  });
}

/** Waits until `origin` gets such a part of the requests: `least` to `most`, each of 1. */
export async function awaitShare(
  origin: PatientOrigin,
  load: ExactLoad,
  least: number,
  most = 1,
): Promise<void> {
  await eventually(async () => {
    const before = { asked: origin.asked, answered: load.answered };
    await answersMore(load, 100);
    const share = (origin.asked - before.asked) / (load.answered - before.answered);
    assert.ok(share >= least && share <= most, `${origin.url} gets ${share} of the requests`);
  });
}
