// Owns an origin as one process: what it prints, which signals it obeys, how it exits.
import { registerProcessMetrics } from '@headgate/telemetry';
import { endOnSignals } from './early-signals.ts';
import type { RunOptions } from './run-origin.ts';
import { serveOrigin } from './serve-origin.ts';

/** Serves until a signal, or the loss of a parent that holds an IPC channel. */
export async function runAlone(options: RunOptions): Promise<void> {
  const { name } = options;
  const started = endOnSignals();
  const { origin, onClosed = async () => {} } = await options.start();
  registerProcessMetrics(origin.registry);
  const served = await serveOrigin(origin, options).catch((error: unknown) => {
    console.error(`${name}: ${error instanceof Error ? error.message : error}`);
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
  started();
  process.on('SIGTERM', onSignal);
  process.on('SIGINT', onSignal);
  // After its file was moved away; with workers, HUP replaces them, and those open it anew.
  if (origin.accessLog !== undefined) process.on('SIGHUP', () => origin.accessLog?.reopen());
  if (process.connected) {
    process.once('disconnect', () => {
      leaving ??= leave();
    });
  }

  console.log(`${name} listening on ${served.url}`);
}
