// Bounds how long something is waited for.

/** A timer for longer would fire at once. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/**
 * Waits for `answer`, but no longer than `limitMs`.
 * @throws what `answer` rejects with, or `late()` when it is late; what comes after is ignored
 */
export function within<T>(limitMs: number, answer: Promise<T>, late: () => Error): Promise<T> {
  return new Promise((resolve, reject) => {
    const stop = startTimeout(limitMs, () => reject(late()));
    answer.then(
      (value) => {
        stop();
        resolve(value);
      },
      (error: unknown) => {
        stop();
        reject(error);
      },
    );
  });
}

/**
 * Calls `onTimeout` after `timeoutMs`, unless the returned function is called before. When this
 * process was busy, its timers fire before the answers that came meanwhile are read; the extra turn
 * of the event loop reads them first, so that our own pause is not taken for someone else's.
 */
export function startTimeout(timeoutMs: number, onTimeout: () => void): () => void {
  let lastTurn: NodeJS.Immediate | undefined;
  const timer = setTimeout(
    () => {
      lastTurn = setImmediate(onTimeout);
    },
    Math.min(timeoutMs, LONGEST_TIMER_MS),
  );
  return () => {
    clearTimeout(timer);
    clearImmediate(lastTurn);
  };
}

/** Rejects with `signal`'s reason as soon as it aborts, else as `answer` settles. */
export function unlessAborted<T>(signal: AbortSignal, answer: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = () => reject(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave);
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
