// Owns an origin as a process: what it prints, which signals it obeys, how it exits.
import { registerProcessMetrics } from '@headgate/telemetry';
import type { Origin } from './origin.ts';
import { type ServeOptions, serveOrigin } from './serve-origin.ts';

/** How an origin runs as a process. */
export interface RunOptions extends ServeOptions {
  /** Releases what the app holds, such as partner connections, after the last request. */
  onClosed?: () => Promise<void>;
}

/**
 * Serves `origin` until SIGTERM, SIGINT, or the loss of a parent that holds an IPC channel; then
 * drains and exits 0. A second signal cuts at once. Exits 1 with one line when the address cannot
 * be had. Only for the main module of an app.
 */
export async function runOrigin(origin: Origin, options: RunOptions): Promise<void> {
  const { onClosed = async () => {}, ...serveOptions } = options;
  registerProcessMetrics(origin.registry);
  const served = await serveOrigin(origin, serveOptions).catch((error: unknown) => {
    console.error(`${origin.label}: ${error instanceof Error ? error.message : error}`);
    process.exit(1);
  });

  let leaving: Promise<void> | undefined;
  const leave = async () => {
    await served.close();
    await onClosed();
    process.exit(0);
  };
  const onSignal = () => {
    if (leaving === undefined) leaving = leave();
    else served.cut();
  };
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  if (process.connected) {
    process.once('disconnect', () => {
      leaving ??= leave();
    });
  }

  console.log(`${origin.label} listening on ${served.url}`);
}
