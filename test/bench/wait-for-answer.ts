/** Waiting until a process that was just started answers requests. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { PinnedProcess } from './pinned-process.ts';

/** Several processes may have to start on one busy core. */
const DEADLINE_MS = 60_000;
const PAUSE_MS = 50;

/** Polls until `url` answers 200; rejects when the process ends, takes too long, or on abort. */
export async function waitForAnswer(
  url: string,
  process: PinnedProcess,
  signal: AbortSignal,
): Promise<void> {
  const deadline = performance.now() + DEADLINE_MS;
  let last = 'no answer';
  while (process.isRunning && performance.now() < deadline) {
    try {
      const answer = await fetch(url, {
        signal: AbortSignal.any([signal, AbortSignal.timeout(1_000)]),
      });
      await answer.arrayBuffer();
      if (answer.status === 200) return;
      last = `status ${answer.status}`;
    } catch (error) {
      signal.throwIfAborted();
      last = String(error instanceof Error ? (error.cause ?? error) : error);
    }
    await sleep(PAUSE_MS, undefined, { signal });
  }
  const state = process.isRunning ? `${url} gives ${last}` : 'it exited';
  throw new Error(`not ready: ${state}. ${process.complaints}`);
}
