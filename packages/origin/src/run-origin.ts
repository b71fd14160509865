// Owns an origin as processes: one, or a supervisor and its workers, from the same main module.
import { availableParallelism } from 'node:os';
import { joinSupervisor } from '@headgate/supervisor';
import type { Origin } from './origin.ts';
import { runAlone } from './run-alone.ts';
import type { ServeOptions } from './serve-origin.ts';
import { superviseOrigin } from './supervise-origin.ts';
import { workOrigin } from './work-origin.ts';
import { keepObjectsYoung } from './young-objects.ts';

/** An app that is ready to serve. */
export interface StartedOrigin {
  readonly origin: Origin;
  /** Releases what the app holds, such as partner connections, after the last request. */
  readonly onClosed?: () => Promise<void>;
}

/** How an origin runs. */
export interface RunOptions extends ServeOptions {
  /** Names the app in messages. */
  name: string;
  /**
   * Default 0: this process serves, alone. A number, or `auto` for one per core: this process
   * serves nobody and keeps so many that do, on one address.
   */
  workers?: number | 'auto' | undefined;
  /** A worker is replaced when it comes to one of these: ended requests; default no limit. */
  maxRequests?: number | undefined;
  /** Milliseconds since its start. */
  maxAgeMs?: number | undefined;
  /** Resident memory. */
  maxMemoryBytes?: number | undefined;
  /** Builds the app; called once in every process that serves, and in no other. */
  start: () => Promise<StartedOrigin>;
}

/**
 * Runs an origin until SIGTERM, SIGINT, or the loss of a parent that holds an IPC channel; then
 * drains and exits 0. A second signal cuts at once. Exits 1 with one line when the address cannot
 * be had. With workers it also obeys SIGHUP (replaces them by the program as it is on disk now),
 * SIGTTIN and SIGTTOU (one more or less), SIGQUIT (ends at once), SIGUSR2 and SIGWINCH (replaces
 * the supervisor itself). Only for the main module of an app.
 */
export async function runOrigin(options: RunOptions): Promise<void> {
  keepObjectsYoung();
  const link = joinSupervisor();
  if (link) return workOrigin(link, options);
  const { workers = 0 } = options;
  const count = workers === 'auto' ? availableParallelism() : workers;
  return count === 0 ? runAlone(options) : superviseOrigin(count, options);
}
