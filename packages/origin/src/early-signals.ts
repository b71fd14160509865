// Owns what signals mean before there is anything to drain.

const signals = ['SIGTERM', 'SIGINT', 'SIGQUIT'] as const;

/**
 * From now on a signal to stop ends the process at once, with exit code 0, until the function that
 * is returned is called. Without it the first process of a container, for which the kernel drops
 * every signal that is not handled, could not be stopped while it starts.
 */
export function endOnSignals(): () => void {
  const end = () => process.exit(0);
  for (const signal of signals) process.on(signal, end);
  return () => {
    for (const signal of signals) process.off(signal, end);
  };
}
