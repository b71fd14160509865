/**
 * What an operator may see and do while the edge runs. The admin listener, signals and the watch of
 * the config file all act through `Control`, so that every one of them is answered and noted alike.
 */
import type { CacheStatus } from '../admin/cache.ts';
import type { ServiceStatus } from '../admin/services.ts';
import type { ProxyConfig } from '../config.ts';
import type { PurgeOrder } from '../edge-cache/purge-order.ts';
import type { ListedOperatorEntry, OperatorChange } from './operator.ts';
import type { PurgeResult } from './purge.ts';

/** Who asked for a change: `admin 127.0.0.1`, `admin unix`, `SIGHUP`, `watch`. */
export type Actor = string;

/** The most workers there may be, as in the configuration. */
export const MAX_WORKERS = 256;

/** What a change came to. */
export type ChangeResult =
  /** One line per thing that is different now; none when all was so already. */
  | { readonly ok: true; readonly changed: readonly string[] }
  | {
      readonly ok: false;
      /** As an HTTP status: 4xx the request cannot be met, 5xx the edge failed to meet it. */
      readonly status: number;
      readonly why: string;
    };

/** The edge as a whole. Instants are epoch milliseconds. */
export interface ControlStatus {
  readonly version: string;
  /** Of the process that holds the control plane. */
  readonly pid: number;
  readonly startedAt: number;
  readonly config: {
    readonly file: string;
    readonly loadedAt: number;
    /** Counts the configurations put in force, from 1. */
    readonly generation: number;
    /** The last configuration that was refused since the one in force was loaded. */
    readonly lastRefusal?: { readonly at: number; readonly why: string };
  };
  readonly workers: { readonly asked: number; readonly ready: number };
  readonly isDraining: boolean;
}

/** One worker process; with `--single`, the only process. */
export interface WorkerReport {
  readonly id: number;
  readonly pid: number;
  readonly state: 'starting' | 'ready' | 'draining' | 'gone';
  readonly ageMs: number;
  /** Open client connections. */
  readonly connections: number;
  readonly inFlight: number;
  /** Served since it started. */
  readonly requests: number;
  /** Resident; undefined where the system does not tell. */
  readonly memoryBytes: number | undefined;
}

export interface Control {
  status(): ControlStatus;
  workers(): readonly WorkerReport[];
  /** Added up over the workers. */
  services(): Promise<{ readonly services: readonly ServiceStatus[] }>;
  /** Added up over the workers. */
  cache(): Promise<CacheStatus>;
  /** In the Prometheus text format, added up over the workers. */
  metrics(): Promise<string>;
  isReady(): boolean;
  /** The configuration in force, as it was loaded: without operators' and discovery's changes. */
  config(): ProxyConfig;
  /** What operators have changed, those entries included whose upstream is not there now. */
  operatorEntries(): readonly ListedOperatorEntry[];
  /** Reads the config file again. */
  reload(by: Actor): Promise<ChangeResult>;
  /** Replaces every worker, one after another. */
  restart(by: Actor): Promise<ChangeResult>;
  /** From now on so many workers. */
  scale(workers: number, by: Actor): Promise<ChangeResult>;
  operate(change: OperatorChange, by: Actor): Promise<ChangeResult>;
  /** Has every process forget; without waiting for other changes. */
  purge(order: PurgeOrder, by: Actor): Promise<PurgeResult>;
}
