/**
 * One running edge: listeners, the current snapshot and the metrics around them. Applies new
 * configurations without dropping a request and drains when it is told to stop.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import {
  type AccessLog,
  createRegistry,
  createRequestIds,
  type Logger,
  type Registry,
  registerProcessMetrics,
} from '@headgate/telemetry';
import { logRequest } from './access-log.ts';
import { addressOf, formatAddress } from './address.ts';
import { type AdminListener, startAdmin } from './admin/listener.ts';
import type { ProxyConfig } from './config.ts';
import { createHttp1Carrier } from './http1.ts';
import { type Listener, listen } from './listen.ts';
import { createProxyMetrics, type ProxyMetrics } from './metrics.ts';
import { type Carrier, type Edge, serve } from './proxy.ts';
import type { RequestRecord } from './request.ts';
import { buildSnapshot, retireSnapshot, type Snapshot } from './snapshot.ts';
import { createTunnels } from './tunnel.ts';

export interface EdgeDeps {
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
  readonly log: Logger;
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
  private readonly tunnels = createTunnels();
  private readonly edge: Edge;
  private readonly stopProcessMetrics: () => void;
  private readonly listeners = new Map<string, Listener>();
  private snapshot: Snapshot;
  private accessLog: AccessLog | undefined;
  private admin: AdminListener | undefined;
  private isDraining = false;
  private readonly background = new Set<Promise<void>>();

  constructor(config: ProxyConfig, deps: EdgeDeps) {
    this.deps = deps;
    this.metrics = createProxyMetrics(this.registry, () => this.snapshot);
    this.stopProcessMetrics = registerProcessMetrics(this.registry);
    const requestIds = createRequestIds(deps.randomBytes);
    this.edge = {
      snapshot: () => this.snapshot,
      now: deps.now,
      nextRequestId: () => requestIds.next(),
      randomBytes: deps.randomBytes,
      inFlight: 0,
      onFinish: (record) => this.onFinish(record),
    };
    this.snapshot = this.build(config, undefined);
  }

  get addresses(): string[] {
    return listenerKeys(this.snapshot.config).map((key) => {
      const listener = this.listeners.get(key);
      return listener ? formatAddress(listener.host, listener.port) : key;
    });
  }

  get adminAddress(): string | undefined {
    return this.admin && formatAddress(this.admin.host, this.admin.port);
  }

  async open(): Promise<void> {
    const { config } = this.snapshot;
    this.accessLog = this.openAccessLog(config);
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
    const oldAdmin = this.admin;
    const oldLog = this.accessLog;
    this.admin = admin;
    this.accessLog = accessLog;
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
      metrics: this.metrics,
      onVerdict: (service, upstream, to, reason) =>
        this.deps.log.info(`${service}: ${upstream} is ${to}`, { service, upstream, reason }),
    });
  }

  /** Opens what `config` names and is not open yet; returns the keys of those. */
  private async openListeners(config: ProxyConfig): Promise<string[]> {
    const opened: string[] = [];
    try {
      for (const key of listenerKeys(config)) {
        if (this.listeners.has(key)) continue;
        this.listeners.set(key, await this.openListener(key, config));
        opened.push(key);
      }
    } catch (error) {
      await this.closeListeners(opened);
      throw error;
    }
    return opened;
  }

  private openListener(key: string, config: ProxyConfig): Promise<Listener> {
    const settings = {
      ...addressOf(key.split(' ')[0] as string),
      headSizeBytes: config.limits.requestHeadSize,
      headTimeoutMs: config.timeouts.requestHead,
      keepAliveMs: config.timeouts.clientKeepAlive,
    };
    return listen(settings, {
      request: (message: IncomingMessage, response: ServerResponse) => {
        const { requestBodyIdle, responseStall } = this.snapshot.config.timeouts;
        const patience = { bodyIdleMs: requestBodyIdle, stallMs: responseStall };
        this.serve(message, createHttp1Carrier(message, response, patience));
      },
      upgrade: (message: IncomingMessage, socket: Socket, head: Buffer) => {
        this.serve(message, this.tunnels.carrier(message, socket, head));
      },
      nextRequestId: this.edge.nextRequestId,
      connectionOpened: this.metrics.connectionOpened,
      connectionClosed: this.metrics.connectionClosed,
    });
  }

  private serve(message: IncomingMessage, carrier: Carrier): void {
    serve(this.edge, message, carrier).catch((error: Error) => {
      this.deps.log.error('a request could not even be refused', { error });
      message.socket.destroy();
    });
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

  private openAccessLog(config: ProxyConfig): AccessLog | undefined {
    return config.accessLog === 'off' ? undefined : this.deps.openAccessLog(config.accessLog);
  }

  private async openAdmin(config: ProxyConfig): Promise<AdminListener | undefined> {
    if (!config.admin) return undefined;
    return startAdmin(addressOf(config.admin.address), {
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
