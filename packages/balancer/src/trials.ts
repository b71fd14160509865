/** Which upstreams should get one request just to find out how they are. */
import type { Ask } from './policy.ts';
import { isFull, type Upstream } from './upstream.ts';

/** An upstream nobody wants is asked this often, in milliseconds, or more rarely: */
const UNPICKED_MS = 1_000;
/** when fewer requests than this have come since, */
const UNPICKED_PICKS = 100;
/** up to this, in milliseconds. */
const LONGEST_UNPICKED_MS = 10_000;

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
    return unpickedMs >= UNPICKED_MS && picks - one.pickedAt >= UNPICKED_PICKS;
  });
}

/** Has `upstream` due again at once. */
export function retryTrial(upstream: Upstream): void {
  upstream.pickedMs = Number.NEGATIVE_INFINITY;
}

/** The first of `trials` this request may be risked on. */
export function nextTrial(trials: readonly Upstream[], ask: Ask): Upstream | undefined {
  return trials.find((one) => {
    if (ask.tried.includes(one) || isFull(one)) return false;
    const isInDoubt = one.ejection.presence === 'out' || one.detector.run > 0;
    return ask.isRepeatable || !isInDoubt || one.ejection.isTrialOverdue(ask.nowMs);
  });
}
