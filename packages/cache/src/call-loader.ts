// Calls what makes values, and waits for it no longer than it may take.

import { startTimeout, unlessAborted } from './within.ts';

/** Makes the values of `keys`, in their order. `signal` aborts when they are no longer wanted. */
export type LoadMany = (
  keys: readonly string[],
  signal: AbortSignal,
) => Promise<readonly unknown[]>;

/**
 * Calls `load` with the signal of `controller`, which is aborted at the deadline.
 * @throws what the loader throws or rejects with; the reason of the signal as soon as it aborts, even
 *   when the loader does not listen to it: a TimeoutError at the deadline
 */
export async function callLoader(
  load: LoadMany,
  keys: readonly string[],
  timeoutMs: number,
  controller: AbortController,
): Promise<readonly unknown[]> {
  const { signal } = controller;
  const stopTimeout = startTimeout(timeoutMs, () => {
    const what = keys.length === 1 ? `"${keys[0]}"` : `${keys.length} keys`;
    const text = `loading ${what} took longer than ${timeoutMs} ms`;
    controller.abort(new DOMException(text, 'TimeoutError'));
  });
  try {
    return await unlessAborted(signal, load(keys, signal));
  } finally {
    stopTimeout();
  }
}
