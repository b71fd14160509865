/**
 * Active health checks: when to ask an upstream and what counts as a good answer. What the
 * answers mean (rise, fall, verdict) is decided in the balancer.
 */
import { type Health, probeDelayMs, type VerdictChange } from '@headgate/balancer';
import { buildConnector, Client } from 'undici';
import { tlsNameOf, type UpstreamAddress } from './address.ts';

/** How to reach the upstream that is asked. */
interface ProbeConnection {
  readonly address: UpstreamAddress;
  readonly connectTimeoutMs: number;
  /** Largest response head accepted, in bytes. */
  readonly headSizeBytes: number;
}

interface HealthCheckSettings {
  readonly path: string;
  readonly intervalMs: number;
  readonly timeoutMs: number;
}

export interface Probe {
  /** Asks now instead of at the next interval; for when traffic met a refused connection. */
  hurry(): void;
  stop(): void;
}

export interface ProbeOptions {
  readonly connection: ProbeConnection;
  readonly health: Health;
  readonly check: HealthCheckSettings;
  readonly now: () => number;
  readonly random: () => number;
  readonly onChange: (change: VerdictChange) => void;
}

/** Hurried probes are at least this far apart, so that a burst of failures asks once. */
const HURRY_GAP_MS = 100;

/** More of an answer than this is not read; that it came is enough. */
const BODY_LIMIT_BYTES = 65_536;

/** Starts checking; the first probe goes out at once, later ones with jitter. */
export function startProbe(options: ProbeOptions): Probe {
  const { connection, health, check, now, random } = options;
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
    lastMs = now();
    const problem = await ask(connection, check, stopped.signal);
    isAsking = false;
    if (stopped.signal.aborted) return;
    const change = health.observe(problem === undefined, problem ?? 'answered', now());
    if (change) options.onChange(change);
    // Edges started together ask at once, and then spread over the interval.
    schedule(
      isFirst ? random() * check.intervalMs : probeDelayMs(health, check.intervalMs, random),
    );
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

/** One probe; undefined when the upstream is fine, otherwise what was wrong. */
async function ask(
  connection: ProbeConnection,
  check: HealthCheckSettings,
  stopped: AbortSignal,
): Promise<string | undefined> {
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), check.timeoutMs);
  // A connection of its own: an open one says nothing about whether new ones are taken.
  const client = new Client(originOf(connection.address), {
    pipelining: 0,
    maxHeaderSize: connection.headSizeBytes,
    connect: createConnector(connection),
  });
  try {
    const { statusCode, body } = await client.request({
      method: 'GET',
      path: check.path,
      headers: { 'user-agent': 'headgate-probe' },
      signal: AbortSignal.any([timeout.signal, stopped]),
    });
    // Read, not dumped: an answer that breaks off or never ends is not a good one.
    let sizeBytes = 0;
    for await (const chunk of body) {
      sizeBytes += (chunk as Buffer).length;
      if (sizeBytes > BODY_LIMIT_BYTES) break;
    }
    const isGood = statusCode >= 200 && statusCode < 400;
    return isGood ? undefined : `${check.path} answered ${statusCode}`;
  } catch (error) {
    if (timeout.signal.aborted) return `${check.path} did not answer in ${check.timeoutMs} ms`;
    return error instanceof Error && 'code' in error ? String(error.code) : String(error);
  } finally {
    clearTimeout(timer);
    await client.destroy();
  }
}

/** What undici takes the Host field from; a unix socket has no host of its own. */
function originOf({ key, endpoint }: UpstreamAddress): string {
  return endpoint.kind === 'unix' ? 'http://localhost' : key;
}

/** Opens sockets to the upstream; on TLS the name asked for and verified is the upstream's own. */
function createConnector(connection: ProbeConnection): buildConnector.connector {
  const { endpoint } = connection.address;
  const open = buildConnector({
    timeout: connection.connectTimeoutMs,
    allowH2: false,
    ...(endpoint.kind === 'unix' ? { socketPath: endpoint.path } : {}),
  });
  const servername = tlsNameOf(connection.address) ?? '';
  return (options, callback) => open({ ...options, servername }, callback);
}
