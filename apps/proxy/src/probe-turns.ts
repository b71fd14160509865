/** Bounds how many probes are under way at a time; the rest wait in line. */

interface Turns {
  /** Does `work` when it is its turn; undefined when `signal` aborts before that. */
  take<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T | undefined>;
}

/** Lets `limit` works be under way at a time; the rest in the order they came. */
export function createTurns(limit: number): Turns {
  const waiting = new Set<() => void>();
  let underWay = 0;

  const turnComes = (signal: AbortSignal) =>
    new Promise<boolean>((resolve) => {
      const leave = () => {
        waiting.delete(start);
        resolve(false);
      };
      const start = () => {
        signal.removeEventListener('abort', leave);
        resolve(true);
      };
      waiting.add(start);
      signal.addEventListener('abort', leave, { once: true });
    });

  return {
    async take(work, signal) {
      if (signal.aborted) return undefined;
      if (underWay < limit) underWay++;
      else if (!(await turnComes(signal))) return undefined;
      try {
        return await work();
      } finally {
        const [next] = waiting;
        if (next) {
          // The turn is handed on, not given back: nobody can come in between.
          waiting.delete(next);
          next();
        } else underWay--;
      }
    },
  };
}
