/**
 * One running edge: listeners, the current snapshot and the metrics around them. Applies new
 * configurations without dropping a request and drains when it is told to stop.
 */

import type { Socket } from 'node:net';
import type { RequestHead } from '@headgate/http1';
import {
  type AccessLog,
  createRandomHex,
  createRegistry,
  createRequestIds,
  type Logger,
  type Registry,
  registerProcessMetrics,
} from '@headgate/telemetry';
import { logRequest } from './access-log.ts';
import { endpointOf, formatEndpoint } from './address.ts';
import { type AdminListener, startAdmin } from './admin/listener.ts';
import type { Carrier, IncomingHead } from './carrier.ts';
import type { ProxyConfig } from './config.ts';
import { type ErrorPage, errorPage, type Failure, statusOf } from './errors.ts';
import { Peer } from './forwarded.ts';
import { ClientConnection } from './http1/client-connection.ts';
import { type ClientSettings, clientSettings } from './http1/client-settings.ts';
import { type Listener, listen } from './listen.ts';
import { createProxyMetrics, type ProxyMetrics } from './metrics.ts';
import { type Edge, serve } from './proxy.ts';
import type { RequestRecord } from './request.ts';
import { buildSnapshot, retireSnapshot, type Snapshot } from './snapshot.ts';
import { TimerWheel } from './timer-wheel.ts';
import { createTunnels } from './tunnel.ts';

export interface EdgeDeps {
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly log: Logger;
  /** What this edge is called among others that face the same upstreams. */
  readonly instance: string;
  readonly openAccessLog: (destination: 'stdout' | { file: string }) => AccessLog;
}

export interface RunningEdge {
  /** Where it accepts, as `host:port`, in the order of the config. */
  readonly addresses: readonly string[];
  readonly adminAddress: string | undefined;
  /** Swaps to `config`; rejects, with the old configuration still in force, when it cannot. */
  apply(config: ProxyConfig): Promise<void>;
  /** Counts a new configuration that was so wrong that it could not even be applied. */
  countRefusedReload(): void;
  /** Finishes what is under way, then closes everything. */
  drain(): Promise<void>;
}

/** Starts an edge; rejects with a readable message, and nothing left open, when it cannot. */
export async function startEdge(config: ProxyConfig, deps: EdgeDeps): Promise<RunningEdge> {
  const edge = new EdgeProcess(config, deps);
  try {
    await edge.open();
  } catch (error) {
    await edge.drain();
    throw error;
  }
  return edge;
}

class EdgeProcess implements RunningEdge {
  private readonly deps: EdgeDeps;
  private readonly registry: Registry = createRegistry();
  private readonly metrics: ProxyMetrics;
  private readonly timers: TimerWheel;
  private readonly tunnels = createTunnels();
  private readonly edge: Edge;
  private readonly stopProcessMetrics: () => void;
  private readonly listeners = new Map<string, Listener>();
  private snapshot: Snapshot;
  private clientSettings: ClientSettings;
  private accessLog: AccessLog | undefined;
  private admin: AdminListener | undefined;
  private isDraining = false;
  private readonly background = new Set<Promise<void>>();

  constructor(config: ProxyConfig, deps: EdgeDeps) {
    this.deps = deps;
    this.metrics = createProxyMetrics(this.registry, () => this.snapshot);
    this.timers = new TimerWheel(deps.now);
    this.stopProcessMetrics = registerProcessMetrics(this.registry);
    const requestIds = createRequestIds(deps.randomBytes);
    this.edge = {
      snapshot: () => this.snapshot,
      now: deps.now,
      timers: this.timers,
      nextRequestId: () => requestIds.next(),
      randomHex: createRandomHex(deps.randomBytes),
      isTimed: false,
      inFlight: 0,
      onFinish: (record) => this.onFinish(record),
    };
    this.snapshot = this.build(config, undefined);
    this.clientSettings = clientSettings(config);
  }

  get addresses(): string[] {
    return listenerKeys(this.snapshot.config).map((key) => {
      const listener = this.listeners.get(key);
      return listener ? formatEndpoint(listener.endpoint) : key;
    });
  }

  get adminAddress(): string | undefined {
    return this.admin && formatEndpoint(this.admin.endpoint);
  }

  async open(): Promise<void> {
    const { config } = this.snapshot;
    this.useAccessLog(this.openAccessLog(config));
    await this.openListeners(config);
    this.admin = await this.openAdmin(config);
  }

  async apply(config: ProxyConfig): Promise<void> {
    try {
      await this.replace(config);
    } catch (error) {
      this.countRefusedReload();
      throw error;
    }
    this.metrics.reloaded('applied');
  }

  countRefusedReload(): void {
    this.metrics.reloaded('refused');
  }

  private async replace(config: ProxyConfig): Promise<void> {
    const before = this.snapshot;
    const opened = await this.openListeners(config);
    let admin = this.admin;
    let accessLog = this.accessLog;
    try {
      if (!same(config.accessLog, before.config.accessLog)) accessLog = this.openAccessLog(config);
      if (!same(config.admin, before.config.admin)) admin = await this.openAdmin(config);
    } catch (error) {
      await this.closeListeners(opened);
      if (accessLog !== this.accessLog) await accessLog?.close();
      throw error;
    }
    this.snapshot = this.build(config, before);
    this.clientSettings = clientSettings(config);
    const oldAdmin = this.admin;
    const oldLog = this.accessLog;
    this.admin = admin;
    this.useAccessLog(accessLog);
    if (oldAdmin !== admin) await oldAdmin?.close();
    if (oldLog !== accessLog) await oldLog?.close();
    const wanted = new Set(listenerKeys(config));
    const unwanted = [...this.listeners.keys()].filter((key) => !wanted.has(key));
    this.finishInBackground(this.closeListeners(unwanted));
    this.finishInBackground(retireSnapshot(before, this.snapshot));
  }

  async drain(): Promise<void> {
    this.isDraining = true;
    await this.closeListeners([...this.listeners.keys()]);
    await Promise.all(this.background);
    await retireSnapshot(this.snapshot, undefined);
    await this.admin?.close();
    await this.accessLog?.close();
    this.stopProcessMetrics();
  }

  /** What earlier configurations leave behind takes its time, but a drain waits for it. */
  private finishInBackground(work: Promise<void>): void {
    this.background.add(work);
    void work.finally(() => this.background.delete(work));
  }

  private build(config: ProxyConfig, previous: Snapshot | undefined): Snapshot {
    return buildSnapshot(config, previous, {
      now: this.deps.now,
      random: this.deps.random,
      timers: this.timers,
      metrics: this.metrics,
      instance: this.deps.instance,
      onEvent: (service, upstream, { what, reason }) =>
        this.deps.log.info(`${service}: ${upstream} is ${what}`, { service, upstream, reason }),
    });
  }

  /** Opens what `config` names and is not open yet; returns the keys of those. */
  private async openListeners(config: ProxyConfig): Promise<string[]> {
    const opened: string[] = [];
    try {
      for (const key of listenerKeys(config)) {
        if (this.listeners.has(key)) continue;
        this.listeners.set(key, await this.openListener(key));
        opened.push(key);
      }
    } catch (error) {
      await this.closeListeners(opened);
      throw error;
    }
    return opened;
  }

  private openListener(key: string): Promise<Listener> {
    const endpoint = endpointOf(key.replace(/ \d+$/, ''));
    return listen(endpoint, (socket, listener) => {
      this.metrics.connectionOpened();
      const address = endpoint.kind === 'unix' ? 'unix' : (socket.remoteAddress ?? 'unknown');
      return new ClientConnection(socket, new Peer(address, 'http'), this.clientSettings, {
        timers: this.timers,
        now: this.deps.now,
        serve: (head, carrier) => this.serve(head, carrier),
        tunnel: (head, peer, client, rest) => this.openTunnel(head, peer, client, rest),
        pageFor: (problem) => this.pageFor(problem),
        closed: (connection) => {
          this.metrics.connectionClosed();
          listener.closed(connection);
        },
      });
    });
  }

  private serve(head: IncomingHead, carrier: Carrier): void {
    serve(this.edge, head, carrier);
  }

  private openTunnel(head: RequestHead, peer: Peer, client: Socket, rest: Buffer): void {
    this.serve(head, this.tunnels.carrier(head, peer, client, rest));
  }

  private pageFor(problem: Failure): ErrorPage {
    this.metrics.refused(statusOf(problem.kind));
    return errorPage(problem, this.edge.nextRequestId());
  }

  private async closeListeners(keys: readonly string[]): Promise<void> {
    const deadline = new AbortController();
    const { shutdown } = this.snapshot.config.timeouts;
    const timer = setTimeout(() => deadline.abort(), shutdown);
    const closing = keys.map((key) => this.listeners.get(key)?.drain(deadline.signal));
    for (const key of keys) this.listeners.delete(key);
    await Promise.all(closing);
    clearTimeout(timer);
  }

  private useAccessLog(accessLog: AccessLog | undefined): void {
    this.accessLog = accessLog;
    this.edge.isTimed = accessLog !== undefined;
  }

  private openAccessLog(config: ProxyConfig): AccessLog | undefined {
    return config.accessLog === 'off' ? undefined : this.deps.openAccessLog(config.accessLog);
  }

  private async openAdmin(config: ProxyConfig): Promise<AdminListener | undefined> {
    if (!config.admin) return undefined;
    return startAdmin(endpointOf(config.admin.address), {
      snapshot: () => this.snapshot,
      registry: this.registry,
      isReady: () => !this.isDraining && this.listeners.size > 0,
    });
  }

  private onFinish(record: RequestRecord): void {
    const metrics = record.service?.metrics ?? this.metrics.unrouted;
    metrics.finished(record.status, (this.deps.now() - record.startedMs) / 1_000);
    this.metrics.ended(record.endedAt);
    if (record.error !== undefined) {
      this.deps.log.error('request failed inside the edge', {
        requestId: record.id,
        error: record.error instanceof Error ? record.error.stack : String(record.error),
      });
    }
    if (this.accessLog) logRequest(this.accessLog, record, this.deps.now());
  }
}

/** What a listener is known by over reloads; port 0 may be asked for more than once. */
function listenerKeys(config: ProxyConfig): string[] {
  const seen = new Map<string, number>();
  return config.listeners.map(({ address }) => {
    const before = seen.get(address) ?? 0;
    seen.set(address, before + 1);
    return before === 0 ? address : `${address} ${before + 1}`;
  });
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
