// Owns fan-out: many tasks, a bounded number at once, every outcome kept.

/** One task of a fan-out; `signal` aborts when the whole fan-out is given up. */
export type Task<T> = (signal: AbortSignal) => Promise<T>;

/**
 * Runs `tasks` with at most `concurrency` at once and resolves with all outcomes in task order.
 * When `signal` aborts, tasks that have not started are rejected with its reason; running ones are
 * expected to honour it.
 */
export async function gather<T>(
  tasks: readonly Task<T>[],
  { concurrency, signal }: { concurrency: number; signal: AbortSignal },
): Promise<PromiseSettledResult<T>[]> {
  const results = new Array<PromiseSettledResult<T>>(tasks.length);
  const queue = tasks.entries();

  // The lanes share one iterator, so each task is taken once.
  const lane = async () => {
    for (const [index, task] of queue) {
      try {
        signal.throwIfAborted();
        results[index] = { status: 'fulfilled', value: await task(signal) };
      } catch (reason) {
        results[index] = { status: 'rejected', reason };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, tasks.length) }, lane));
  return results;
}
