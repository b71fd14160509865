/** Which upstreams should get one request just to find out how they are. */
import type { Ask } from './policy.ts';
import { isFull, type Upstream } from './upstream.ts';

/** An upstream nobody wants is asked this often, in milliseconds, or more rarely: */
const UNPICKED_MS = 1_000;
/** when fewer requests than this have come since, */
const UNPICKED_PICKS = 100;
/** up to this, in milliseconds. */
const LONGEST_UNPICKED_MS = 10_000;

/**
 * Most that are slow are so for a moment, after a start or in a burst: one that does not fail is
 * asked after this part of that at first, then after as long again as it has been slow,
 */
const FIRST_PART = 1 / 8;
/** and the sooner, the fewer than this its answers are. */
const MANY_ANSWERS = 64;

/** Those ejected whose time is up, and those avoided for so long that nobody knows any more. */
export function trialsDue(
  upstreams: readonly Upstream[],
  picks: number,
  nowMs: number,
): readonly Upstream[] {
  return upstreams.filter((one) => {
    if (one.isDisabled || one.isDraining || one.health.verdict === 'unhealthy') return false;
    if (one.ejection.presence === 'out') return one.ejection.isTrialDue(nowMs);
    if (one.correction === 1) return false;
    const unpickedMs = nowMs - one.pickedMs;
    if (unpickedMs >= LONGEST_UNPICKED_MS) return true;
    // Those that wait find out how it is, unless they never get an answer.
    if (one.waiting > 0) {
      const silenceMs = one.latency.silenceMs(one.waitingSinceMs, nowMs);
      if (silenceMs < UNPICKED_MS || unpickedMs < silenceMs / 2) return false;
    }
    const part = partOfPause(one);
    return unpickedMs >= part * UNPICKED_MS && picks - one.pickedAt >= part * UNPICKED_PICKS;
  });
}

/** How much of the longest pause between trials, in time and in requests, one has to wait. */
function partOfPause({ detector, latency, pickedMs, slowSinceMs }: Upstream): number {
  if (detector.run > 0) return 1;
  const sinceSlow = Math.max(FIRST_PART, (pickedMs - slowSinceMs) / UNPICKED_MS);
  return Math.min(1, sinceSlow, latency.answers / MANY_ANSWERS);
}

/** Has `upstream` due again at once. */
export function retryTrial(upstream: Upstream): void {
  upstream.pickedMs = Number.NEGATIVE_INFINITY;
}

/**
 * The first of `trials` this request may be risked on; when the policy is blind to how upstreams
 * are, only one that is out: the others get requests from it anyway.
 */
export function nextTrial(
  trials: readonly Upstream[],
  ask: Ask,
  isBlind: boolean,
): Upstream | undefined {
  return trials.find((one) => {
    if (ask.tried.includes(one) || isFull(one)) return false;
    if (isBlind && one.ejection.presence !== 'out') return false;
    const isInDoubt = one.ejection.presence === 'out' || one.detector.run > 0;
    return ask.isRepeatable || !isInDoubt || one.ejection.isTrialOverdue(ask.nowMs);
  });
}
