/**
 * Active health checks: when to ask an upstream. What is asked and which answers are good is in
 * `probe-ask.ts`; what the answers mean (rise, fall, verdict) is decided in the balancer.
 */
import { type Health, probeDelayMs, type VerdictChange } from '@headgate/balancer';
import { askUpstream, type ProbeConnection, type ProbeQuestion } from './probe-ask.ts';
import { createTurns } from './probe-turns.ts';

export interface Probe {
  /** Asks now instead of at the next interval; for when traffic met a refused connection. */
  hurry(): void;
  stop(): void;
}

/** Real requests until now; what is counted only grows. */
export interface Traffic {
  /** Requests the upstream has answered well. */
  readonly successes: number;
  /** Requests that have ended as its failures. */
  readonly failures: number;
  /** Requests its service has been asked. */
  readonly serviceRequests: number;
  /** Requests its service has in flight. */
  readonly serviceInFlight: number;
}

export interface ProbeOptions {
  readonly connection: ProbeConnection;
  readonly health: Health;
  /** What real requests show, so that probes can be spared. Without it none is. */
  readonly traffic?: () => Traffic;
  readonly check: ProbeQuestion & { readonly intervalMs: number };
  readonly now: () => number;
  readonly random: () => number;
  readonly onChange: (change: VerdictChange) => void;
}

/** Hurried probes are at least this far apart, so that a burst of failures asks once. */
const HURRY_GAP_MS = 100;

/** Looks at the traffic per interval: proof of health is no older than one of these parts. */
const LOOKS_PER_INTERVAL = 4;

/** Of all probes of the process; the rest wait, so that thousands do not take its sockets. */
const turns = createTurns(64);

/** Starts checking; the first probe goes out at once, later ones with jitter. */
export function startProbe(options: ProbeOptions): Probe {
  const { connection, health, traffic, check, now, random } = options;
  const stopped = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let dueMs = 0;
  let lastMs = Number.NEGATIVE_INFINITY;
  let isAsking = false;

  const schedule = (delayMs: number) => {
    if (stopped.signal.aborted || isAsking) return;
    clearTimeout(timer);
    dueMs = now() + delayMs;
    timer = setTimeout(() => void tick(), delayMs);
  };

  const tick = async () => {
    isAsking = true;
    const isFirst = lastMs === Number.NEGATIVE_INFINITY;
    const answer = await turns.take(() => {
      lastMs = now();
      return askUpstream(connection, check, stopped.signal);
    }, stopped.signal);
    isAsking = false;
    if (!answer || stopped.signal.aborted) return;
    const change = health.observe(answer.isGood, answer.reason, now());
    if (change) options.onChange(change);
    // Edges started together ask at once, and then spread over the interval.
    if (isFirst) schedule(random() * check.intervalMs);
    else rest();
  };

  /** Waits for the next probe, and looks at the traffic meanwhile to see how long that may be. */
  const rest = () => {
    const chance = random();
    const lookMs = probeDelayMs(health, check.intervalMs, () => chance) / LOOKS_PER_INTERVAL;
    const atProbe = traffic?.();
    let before = atProbe;
    let waitedMs = 0;
    const look = () => {
      const current = traffic?.();
      const seen = atProbe && before && current && trafficSeen(atProbe, before, current);
      before = current;
      const leftMs = probeDelayMs(health, check.intervalMs, () => chance, seen) - waitedMs;
      if (leftMs <= 0) {
        void tick();
        return;
      }
      dueMs = now() + leftMs;
      waitedMs += lookMs;
      timer = setTimeout(look, lookMs);
    };
    look();
  };

  schedule(0);
  return {
    hurry() {
      const waitMs = Math.max(0, lastMs + HURRY_GAP_MS - now());
      if (now() + waitMs < dueMs) schedule(waitMs);
    },
    stop() {
      clearTimeout(timer);
      stopped.abort();
    },
  };
}

function trafficSeen(atProbe: Traffic, before: Traffic, current: Traffic) {
  return {
    hasFailed: current.failures > atProbe.failures,
    hasSucceeded: current.successes > before.successes,
    isServiceIdle:
      current.serviceInFlight === 0 && current.serviceRequests === before.serviceRequests,
  };
}
