/**
 * One running edge: listeners, the current snapshot and the metrics around them. Applies new
 * configurations without dropping a request and drains when it is told to stop.
 */

import type { Socket } from 'node:net';
import type { RequestHead } from '@headgate/http1';
import type { DrainOrder, HandOverNote, SocketHandle, WorkerFacts } from '@headgate/supervisor';
import {
  type AccessLog,
  createRandomHex,
  createRegistry,
  createRequestIds,
  type Logger,
  type MetricFamily,
  type Registry,
  registerProcessMetrics,
} from '@headgate/telemetry';
import { logRequest } from './access-log.ts';
import type { CacheStatus } from './admin/cache.ts';
import { describeServices, type ServiceStatus } from './admin/services.ts';
import type { Carrier, IncomingHead } from './carrier.ts';
import type { EffectiveConfig } from './config.ts';
import { registerCacheMetrics } from './edge-cache/cache-metrics.ts';
import { createCounts } from './edge-cache/counts.ts';
import type { EdgeCache } from './edge-cache/edge-cache.ts';
import { openCache } from './edge-cache/open-cache.ts';
import type { PurgeOrder, PurgeReach } from './edge-cache/purge-order.ts';
import { purgesOf } from './edge-cache/purges.ts';
import { type ErrorPage, errorPage, type Failure, statusOf } from './errors.ts';
import { Peer } from './forwarded.ts';
import { ClientConnection, type ClientHost } from './http1/client-connection.ts';
import { type ClientSettings, clientSettings } from './http1/client-settings.ts';
import type { AcceptedConnection, Listener } from './listen.ts';
import { type Accepted, type DrainLimits, Listeners, type SharedSockets } from './listeners.ts';
import { createProxyMetrics, type ProxyMetrics } from './metrics.ts';
import { type Edge, fetch, serve } from './proxy.ts';
import type { RequestRecord } from './request.ts';
import { buildSnapshot, retireSnapshot, type Snapshot } from './snapshot.ts';
import { TimerWheel } from './timer-wheel.ts';
import { createTunnels, type Tunnels } from './tunnel.ts';

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
  /** Tells the other workers of this edge the keys of what a request has made invalid. */
  readonly announce?: (keys: readonly string[]) => void;
  /** Those of a supervisor; without one the edge binds its own. */
  readonly sockets?: SharedSockets;
}

export interface RunningEdge {
  /** Where it accepts, as `host:port`, in the order of the config. */
  readonly addresses: readonly string[];
  /** Swaps to `config`; rejects, with the old configuration still in force, when it cannot. */
  apply(config: EffectiveConfig): Promise<void>;
  /** Goes on with a connection of another worker. */
  take(handle: SocketHandle, note: HandOverNote): void;
  /** So many connections are more than its share. */
  giveAway(count: number): void;
  services(): readonly ServiceStatus[];
  metrics(): readonly MetricFamily[];
  facts(): WorkerFacts;
  /** Has the cache forget; rejects with a TypeError when `order` names nothing that could be kept. */
  purge(order: PurgeOrder): Promise<PurgeReach>;
  cacheStatus(): CacheStatus;
  /** Another worker has announced that these are invalid. */
  forget(keys: readonly string[]): void;
  /** Finishes what is under way, then closes everything. A later order holds from then on. */
  drain(order?: DrainOrder): Promise<void>;
}

/** Starts an edge; rejects with a readable message, and nothing left open, when it cannot. */
export async function startEdge(config: EffectiveConfig, deps: EdgeDeps): Promise<RunningEdge> {
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
  private readonly metricsOfEdge: ProxyMetrics;
  private readonly cacheCounts = createCounts();
  private readonly timers: TimerWheel;
  private readonly tunnels: Tunnels;
  private readonly edge: Edge & { cache: EdgeCache };
  private readonly stopProcessMetrics: () => void;
  private readonly listeners: Listeners;
  private snapshot: Snapshot;
  private clientSettings: ClientSettings;
  private accessLog: AccessLog | undefined;
  private finished = 0;
  private isLeaving = false;
  private ending: Promise<void> | undefined;
  private readonly background = new Set<Promise<void>>();
  private readonly hosts = new WeakMap<Listener, ClientHost>();

  constructor(config: EffectiveConfig, deps: EdgeDeps) {
    this.deps = deps;
    this.metricsOfEdge = createProxyMetrics(
      this.registry,
      () => this.snapshot,
      () => this.edge.inFlight,
    );
    this.timers = new TimerWheel(deps.now);
    this.tunnels = createTunnels(deps);
    registerCacheMetrics(this.registry, this.cacheCounts, () => this.cacheStatus());
    this.stopProcessMetrics = registerProcessMetrics(this.registry);
    this.listeners = new Listeners(deps.sockets, (accepted) => this.accept(accepted));
    const requestIds = createRequestIds(deps.randomBytes);
    this.edge = {
      snapshot: () => this.snapshot,
      now: deps.now,
      timers: this.timers,
      nextRequestId: () => requestIds.next(),
      randomHex: createRandomHex(deps.randomBytes),
      isTimed: false,
      inFlight: 0,
      cache: this.openCache(config),
      onFinish: (record) => this.onFinish(record),
    };
    this.snapshot = this.build(config, undefined);
    this.clientSettings = clientSettings(config);
  }

  get addresses(): string[] {
    return this.listeners.addresses(this.snapshot.config);
  }

  async open(): Promise<void> {
    const { config } = this.snapshot;
    this.useAccessLog(this.openAccessLog(config));
    await this.listeners.open(config);
  }

  async apply(config: EffectiveConfig): Promise<void> {
    const before = this.snapshot;
    const opened = await this.listeners.open(config);
    let accessLog = this.accessLog;
    try {
      if (!same(config.accessLog, before.config.accessLog)) accessLog = this.openAccessLog(config);
    } catch (error) {
      await this.listeners.close(opened, this.drainLimits(false));
      throw error;
    }
    this.snapshot = this.build(config, before);
    this.clientSettings = clientSettings(config);
    if (!same(config.cache, before.config.cache)) {
      this.finishInBackground(this.edge.cache.close());
      this.edge.cache = this.openCache(config);
    }
    this.deps.log.setLevel(config.logLevel);
    const oldLog = this.accessLog;
    this.useAccessLog(accessLog);
    if (oldLog !== accessLog) await oldLog?.close();
    // Who moved the file away asks for a reload to get a new one.
    else accessLog?.reopen();
    const unwanted = this.listeners.unwanted(config);
    this.finishInBackground(this.listeners.close(unwanted, this.drainLimits(false)));
    this.finishInBackground(retireSnapshot(before, this.snapshot));
  }

  take(handle: SocketHandle, note: HandOverNote): void {
    this.listeners.take(handle, note);
  }

  giveAway(count: number): void {
    this.listeners.giveAway(count);
  }

  services(): readonly ServiceStatus[] {
    return describeServices(this.snapshot).services;
  }

  metrics(): readonly MetricFamily[] {
    return this.registry.read();
  }

  async purge(order: PurgeOrder): Promise<PurgeReach> {
    const { cache } = this.edge;
    const reaches = await Promise.all(
      purgesOf(order, this.snapshot).map((purge) => cache.purge(purge)),
    );
    return reaches.find((reach) => reach !== 'everywhere') ?? 'everywhere';
  }

  forget(keys: readonly string[]): void {
    for (const key of keys) this.edge.cache.forget(key);
  }

  cacheStatus(): CacheStatus {
    return this.edge.cache.status();
  }

  facts(): WorkerFacts {
    return {
      connections: this.listeners.connectionCount,
      requests: this.finished,
      inFlight: this.edge.inFlight,
    };
  }

  async drain(order?: DrainOrder): Promise<void> {
    const limits = order ?? this.drainLimits(false);
    this.isLeaving = limits.mayHandOver;
    // A client of a worker that has a successor may come back at once (1012), others may not.
    this.tunnels.drain(limits.mayHandOver ? 1012 : 1001, limits.timeoutMs);
    await this.listeners.closeAll(limits);
    this.ending ??= this.end();
    await this.ending;
  }

  /** Nobody is served any more. */
  private async end(): Promise<void> {
    // What it fetches for nobody would keep connections open.
    await this.edge.cache.close();
    await Promise.all(this.background);
    await retireSnapshot(this.snapshot, undefined);
    await this.accessLog?.close();
    this.stopProcessMetrics();
  }

  private drainLimits(mayHandOver: boolean): DrainLimits {
    return { timeoutMs: this.snapshot.config.timeouts.shutdown, mayHandOver };
  }

  /** What earlier configurations leave behind takes its time, but a drain waits for it. */
  private finishInBackground(work: Promise<void>): void {
    this.background.add(work);
    void work.finally(() => this.background.delete(work));
  }

  private openCache(config: EffectiveConfig): EdgeCache {
    const cache = openCache(config.cache, {
      counts: this.cacheCounts,
      now: this.deps.now,
      epochMs: Date.now,
      fetch: (record, request, carrier) => fetch(this.edge, record, request, carrier),
      announce: (keys) => {
        // A request from before a reload makes invalid what has been kept since.
        if (this.edge.cache !== cache) this.purgeKeys(keys);
        this.deps.announce?.(keys);
      },
    });
    return cache;
  }

  private purgeKeys(keys: readonly string[]): void {
    // Elsewhere it is forgotten as soon as it can be.
    for (const key of keys) this.edge.cache.purge({ kind: 'key', key }).catch(() => {});
  }

  private build(config: EffectiveConfig, previous: Snapshot | undefined): Snapshot {
    return buildSnapshot(config, previous, {
      now: this.deps.now,
      random: this.deps.random,
      timers: this.timers,
      metrics: this.metricsOfEdge,
      instance: this.deps.instance,
      onEvent: (service, upstream, { what, reason }) =>
        this.deps.log.info(`${service}: ${upstream} is ${what}`, { service, upstream, reason }),
    });
  }

  private accept(accepted: Accepted): AcceptedConnection {
    const { key, endpoint, socket, listener, isReused } = accepted;
    this.metricsOfEdge.connectionOpened();
    const address = endpoint.kind === 'unix' ? 'unix' : (socket.remoteAddress ?? 'unknown');
    return new ClientConnection(
      socket,
      new Peer(address, 'http'),
      this.clientSettings,
      this.hostOf(key, listener),
      isReused,
    );
  }

  /** One for all connections of a listener. */
  private hostOf(key: string, listener: Listener): ClientHost {
    let host = this.hosts.get(listener);
    if (!host) {
      host = {
        timers: this.timers,
        now: this.deps.now,
        serve: (head, carrier) => this.serve(head, carrier),
        tunnel: (head, peer, client, rest) => this.openTunnel(head, peer, client, rest),
        pageFor: (problem) => this.pageFor(problem),
        closed: (connection) => {
          this.metricsOfEdge.connectionClosed();
          listener.closed(connection);
        },
        ...(this.deps.sockets && {
          rested: (connection: ClientConnection) => this.moveOn(connection, key),
        }),
      };
      this.hosts.set(listener, host);
    }
    return host;
  }

  /** To another worker, when this one has more connections than its share or is leaving. */
  private moveOn(connection: ClientConnection, listener: string): void {
    const { sockets } = this.deps;
    if (!sockets || !(this.isLeaving || sockets.hasSurplus())) return;
    const handle = connection.detach();
    if (handle) sockets.handOver(handle, { listener, isReused: connection.isReused });
  }

  private serve(head: IncomingHead, carrier: Carrier): void {
    serve(this.edge, head, carrier);
  }

  private openTunnel(head: RequestHead, peer: Peer, client: Socket, rest: Buffer): void {
    this.serve(head, this.tunnels.carrier(head, peer, client, rest));
  }

  private pageFor(problem: Failure): ErrorPage {
    this.metricsOfEdge.refused(statusOf(problem.kind));
    return errorPage(problem, this.edge.nextRequestId());
  }

  private useAccessLog(accessLog: AccessLog | undefined): void {
    this.accessLog = accessLog;
    this.edge.isTimed = accessLog !== undefined;
  }

  private openAccessLog(config: EffectiveConfig): AccessLog | undefined {
    return config.accessLog === 'off' ? undefined : this.deps.openAccessLog(config.accessLog);
  }

  private onFinish(record: RequestRecord): void {
    const metrics = record.service?.metrics ?? this.metricsOfEdge.unrouted;
    this.finished++;
    metrics.finished(record.status, (this.deps.now() - record.startedMs) / 1_000);
    this.metricsOfEdge.ended(record.endedAt);
    if (record.cached) this.cacheCounts[record.cached]++;
    if (record.error !== undefined) {
      this.deps.log.error('request failed inside the edge', {
        requestId: record.id,
        error: record.error instanceof Error ? record.error.stack : String(record.error),
      });
    }
    if (this.accessLog) logRequest(this.accessLog, record, this.deps.now());
  }
}

function same(a: unknown, b: unknown): boolean {
  return JSON.stringify(a) === JSON.stringify(b);
}
