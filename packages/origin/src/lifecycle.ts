// Owns the facts every part of one origin process agrees on: how many requests are in flight, and
// whether the process is leaving.
import { setMaxListeners } from 'node:events';

/** What becomes of the address when a process leaves: it goes too, or other processes serve it. */
export type Departure = 'address-leaves' | 'address-stays';

/** The state of one origin process, shared by its app and the listener that serves it. */
export interface Lifecycle {
  /** Requests from arrival to the last byte of their body; an open WebSocket is one. */
  readonly inFlight: number;
  /** Requests that have ended since the process started. */
  readonly ended: number;
  /** True once the process has begun to leave; it never turns back. */
  readonly isDraining: boolean;
  /** False once the address is about to go: from then on nobody should be sent here. */
  readonly isHealthy: boolean;
  /** Aborts when draining starts. Endless streams end themselves on it. */
  readonly draining: AbortSignal;
  /** One more request is in flight; `end` is called once for it. */
  begin(): void;
  /** One that was begun has ended. */
  end(): void;
  /** Other processes have fewer connections: the clients of so many are to connect anew. */
  giveUp(connections: number): void;
  /** Whether the connection of an answer is to be closed after it; asked once for each answer. */
  closesConnection(): boolean;
  /** Starts draining: responses carry `Connection: close`, and health is 503 if the address goes. */
  drain(departure?: Departure): void;
}

/** The lifecycle of a process that accepts work and has none yet. */
export function createLifecycle(): Lifecycle {
  const draining = new AbortController();
  // Every open stream listens here, and a thousand of them are no leak.
  setMaxListeners(0, draining.signal);
  let inFlight = 0;
  let ended = 0;
  let givenUp = 0;
  let isHealthy = true;

  return {
    get inFlight() {
      return inFlight;
    },
    get ended() {
      return ended;
    },
    get isDraining() {
      return draining.signal.aborted;
    },
    get isHealthy() {
      return isHealthy;
    },
    draining: draining.signal,
    begin() {
      inFlight += 1;
    },
    end() {
      inFlight -= 1;
      ended += 1;
    },
    giveUp(connections) {
      givenUp = connections;
    },
    closesConnection() {
      if (draining.signal.aborted) return true;
      if (givenUp === 0) return false;
      givenUp -= 1;
      return true;
    },
    drain(departure = 'address-leaves') {
      if (departure === 'address-leaves') isHealthy = false;
      draining.abort();
    },
  };
}
