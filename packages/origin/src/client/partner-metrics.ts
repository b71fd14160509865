// Owns the numbers a partner client publishes, in families that all clients of a registry share.
import type { BreakerState } from '@headgate/balancer';
import { latencyBucketsSeconds, type Registry } from '@headgate/telemetry';
import { type FailureKind, failureKinds } from './failure.ts';

/** What is counted call by call. */
export interface CallMeters {
  /** A caller has its result, after this long. */
  ended(outcome: 'ok' | FailureKind, durationMs: number): void;
  retried(): void;
  hedged(): void;
  /** A caller shares a call that was under way. */
  coalesced(): void;
}

/** What is read when somebody looks. */
export interface PartnerReadings {
  readonly name: string;
  readonly inFlight: number;
  readonly queued: number;
  readonly breaker: { readonly state: BreakerState } | undefined;
}

const breakerStates: readonly BreakerState[] = ['closed', 'half-open', 'open'];

/** Counts the calls of `partner` in `registry`. */
export function registerPartner(registry: Registry, partner: PartnerReadings): CallMeters {
  const families = familiesOf(registry);
  families.partners.add(partner);
  const { name } = partner;
  const outcomes = ['ok', ...failureKinds] as const;
  const series = outcomes.map((one) => [one, families.calls.labels(name, one)] as const);
  const calls = Object.fromEntries(series) as Record<
    (typeof outcomes)[number],
    ReturnType<typeof families.calls.labels>
  >;
  const durations = families.durations.labels(name);
  const retries = families.retries.labels(name);
  const hedges = families.hedges.labels(name);
  const coalesced = families.coalesced.labels(name);
  return {
    ended(outcome, durationMs) {
      calls[outcome].inc();
      durations.observe(durationMs / 1000);
    },
    retried: () => retries.inc(),
    hedged: () => hedges.inc(),
    coalesced: () => coalesced.inc(),
  };
}

/** `partner` is closed: it is read no more. */
export function unregisterPartner(registry: Registry, partner: PartnerReadings): void {
  familiesOf(registry).partners.delete(partner);
}

type Families = ReturnType<typeof registerFamilies>;

// A name can be registered once, and an origin has many partners.
const familiesByRegistry = new WeakMap<Registry, Families>();

function familiesOf(registry: Registry): Families {
  const known = familiesByRegistry.get(registry);
  if (known) return known;
  const families = registerFamilies(registry);
  familiesByRegistry.set(registry, families);
  return families;
}

function registerFamilies(registry: Registry) {
  const partners = new Set<PartnerReadings>();
  const labelNames = ['partner'];
  const gauge = (name: string, help: string, read: (partner: PartnerReadings) => number) =>
    registry.gauge({
      name,
      help,
      labelNames,
      collect(family) {
        family.clear();
        for (const partner of partners) family.labels(partner.name).inc(read(partner));
      },
    });
  gauge('origin_partner_in_flight', 'Attempts on the wire.', (one) => one.inFlight);
  gauge('origin_partner_queued', 'Calls waiting for their turn.', (one) => one.queued);
  gauge(
    'origin_partner_breaker_state',
    'Whether the partner is asked: 0 closed, 1 half-open, 2 open; the sum over those who ask.',
    ({ breaker }) => (breaker ? breakerStates.indexOf(breaker.state) : 0),
  );
  return {
    partners,
    calls: registry.counter({
      name: 'origin_partner_calls_total',
      help: 'Calls answered to their callers, by outcome; those the cache answered are not calls.',
      labelNames: ['partner', 'outcome'],
    }),
    durations: registry.histogram({
      name: 'origin_partner_call_duration_seconds',
      help: 'Time from the call to its result, waiting and retries included.',
      labelNames,
      buckets: latencyBucketsSeconds,
    }),
    retries: registry.counter({
      name: 'origin_partner_retries_total',
      help: 'Attempts made because an earlier one had failed.',
      labelNames,
    }),
    hedges: registry.counter({
      name: 'origin_partner_hedges_total',
      help: 'Attempts made because an earlier one was late.',
      labelNames,
    }),
    coalesced: registry.counter({
      name: 'origin_partner_coalesced_total',
      help: 'Calls that shared one already under way.',
      labelNames,
    }),
  };
}
