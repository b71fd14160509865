/** Candidates and asks for the tests of policies, and the calls a service would make. */
import type { Ask, Policy } from '../policy.ts';
import { createUpstream, type Upstream } from '../upstream.ts';

/** Idle upstreams with the keys a, b, c, …, of these shares. */
export function idle(...shares: readonly number[]): Upstream[] {
  return shares.map((weight, i) => createUpstream({ key: letter(i), weight }));
}

function letter(i: number): string {
  return i < 26 ? String.fromCharCode(97 + i) : `u${i}`;
}

/** Tells a policy who may be picked, the way a service does. */
export function offer(policy: Policy, candidates: readonly Upstream[]): void {
  for (const [slot, one] of candidates.entries()) one.slot = slot;
  policy.use(candidates);
}

/** An ask that asks for nothing particular but what is given. */
export function ask(wanted: Partial<Ask> = {}): Ask {
  return {
    nowMs: 0,
    tried: [],
    isRepeatable: true,
    hash: undefined,
    stickTo: undefined,
    ...wanted,
  };
}

/** One more request in flight, or `count` more; a negative one takes some back. */
export function hold(policy: Policy, upstream: Upstream, count = 1): void {
  upstream.inFlight += count;
  upstream.waiting += count;
  policy.update?.(upstream);
}

/** How often each key is picked in `rounds` asks, none of which is held. */
export function tally(rounds: number, pickOne: (round: number) => Upstream | undefined) {
  const counts: Record<string, number> = {};
  for (let i = 0; i < rounds; i++) {
    const key = pickOne(i)?.key ?? 'none';
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
}
