/** Waiting for something to become true, on machines that may be busy. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Long enough for any machine; nothing here takes long unless it is broken. */
const DEADLINE_MS = 20_000;
const PAUSE_MS = 10;

/**
 * Repeats `check` until it no longer throws, and returns what it returned. After `deadlineMs` the
 * last error is thrown.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  const deadline = performance.now() + deadlineMs;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(PAUSE_MS);
  }
}

/** The result of `promise`; after `deadlineMs` an error that says what did not happen. */
export async function soon<T>(
  promise: Promise<T>,
  what: string,
  deadlineMs = DEADLINE_MS,
): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} did not happen`)), deadlineMs);
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}
