// Owns the two facts every part of one origin process agrees on: how many requests are in flight,
// and whether the process is leaving.
import { setMaxListeners } from 'node:events';

/** The state of one origin process, shared by its app and the listener that serves it. */
export interface Lifecycle {
  /** Requests from arrival to the last byte of their body; an open WebSocket is one. */
  readonly inFlight: number;
  /** True once the process has begun to leave; it never turns back. */
  readonly isDraining: boolean;
  /** Aborts when draining starts. Endless streams end themselves on it. */
  readonly draining: AbortSignal;
  /** Counts one request; the returned function ends it and may be called more than once. */
  begin(): () => void;
  /** Starts draining: health turns 503 and responses carry `Connection: close`. */
  drain(): void;
}

/** The lifecycle of a process that accepts work and has none yet. */
export function createLifecycle(): Lifecycle {
  const draining = new AbortController();
  // Every open stream listens here, and a thousand of them are no leak.
  setMaxListeners(0, draining.signal);
  let inFlight = 0;

  return {
    get inFlight() {
      return inFlight;
    },
    get isDraining() {
      return draining.signal.aborted;
    },
    draining: draining.signal,
    begin() {
      let isOpen = true;
      inFlight += 1;
      return () => {
        if (!isOpen) return;
        isOpen = false;
        inFlight -= 1;
      };
    },
    drain() {
      draining.abort();
    },
  };
}
