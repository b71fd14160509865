/** From SRV records to upstreams (RFC 2782): which targets are used, and how much each gets. */

/** One SRV record. */
export interface SrvTarget {
  readonly name: string;
  readonly port: number;
  /** Lower is used first. */
  readonly priority: number;
  /** Relative to others of the same priority. */
  readonly weight: number;
}

/** A target that is used, with the addresses its name has. */
export interface UsedTarget {
  readonly addresses: readonly string[];
  readonly port: number;
  /** Of each of the addresses; over the targets, their sums have the mean 1. */
  readonly weight: number;
}

/** What weight 0, "hardly anything" in the RFC, is of the mean weight of the others. */
const HARDLY_ANY = 0.01;

/**
 * The targets of the lowest priority of which any has an address. Targets without one are left out;
 * what a target is to get is divided among its addresses.
 */
export function usedTargets(
  targets: readonly SrvTarget[],
  addressesOf: (name: string) => readonly string[],
): UsedTarget[] {
  const resolved = targets
    .map((target) => ({ ...target, addresses: addressesOf(target.name) }))
    .filter(({ addresses }) => addresses.length > 0);
  const lowest = Math.min(...resolved.map(({ priority }) => priority));
  const group = resolved.filter(({ priority }) => priority === lowest);
  const weights = normalised(group.map(({ weight }) => weight));
  return group.map(({ addresses, port }, i) => ({
    addresses,
    port,
    weight: (weights[i] ?? 1) / addresses.length,
  }));
}

/** In the same proportions with the mean 1, and nobody without any. */
function normalised(weights: readonly number[]): number[] {
  const weighing = weights.filter((weight) => weight > 0);
  if (weighing.length === 0) return weights.map(() => 1);
  const least = HARDLY_ANY * meanOf(weighing);
  const all = weights.map((weight) => (weight > 0 ? weight : least));
  const mean = meanOf(all);
  return all.map((weight) => weight / mean);
}

function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, number) => sum + number, 0) / numbers.length;
}
