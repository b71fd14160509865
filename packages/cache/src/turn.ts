// Whose turn it is to load a key, when several processes want to: one takes the lock, the others
// wait for what it makes.

import { setTimeout as sleep } from 'node:timers/promises';
import type { Lock } from './store.ts';
import type { Found, Tiers } from './tiers.ts';

/** How to wait for a turn. */
export interface TurnOptions {
  readonly tiers: Tiers;
  readonly key: string;
  /** Looks whether another process has made it by now. */
  look(): Promise<Found | undefined>;
  /** Told when another process is at it. */
  onWait(): void;
  readonly lockWaitMs: number;
  readonly now: () => number;
  /** Ends the waiting; then nobody wants the turn any more. */
  readonly signal: AbortSignal;
}

/** Either what another process made, or the right to make it. Release the turn in any case. */
export interface Turn {
  readonly found: Found | undefined;
  /** Call it when what was made can be found, or will not be made. */
  release(): Promise<void>;
}

/** How long a lock outlives its holder. While the holder lives it extends the lock twice as often. */
const LEASE_MS = 5_000;

const FIRST_PAUSE_MS = 2;
const MAX_PAUSE_MS = 25;

/**
 * Waits until the value is there, or it is this process's turn: it got the lock, nobody can say who
 * has it, or `lockWaitMs` is over.
 * @throws the reason of `signal`
 */
export async function waitForTurn(options: TurnOptions): Promise<Turn> {
  const { tiers, key, look, onWait, lockWaitMs, now, signal } = options;
  const giveUpAtMs = now() + lockWaitMs;
  for (let pauseMs = FIRST_PAUSE_MS; ; pauseMs = Math.min(MAX_PAUSE_MS, 2 * pauseMs)) {
    const lock = await tiers.lock(key, LEASE_MS);
    const isTaken = lock === 'taken';
    const turn = isTaken || lock === undefined ? NOT_HELD : hold(lock, tiers);
    try {
      // Only now: what the last holder made is there since before it released the lock.
      const found = await look();
      signal.throwIfAborted();
      if (found !== undefined || !isTaken || now() >= giveUpAtMs) return { found, ...turn };
    } catch (error) {
      await turn.release();
      throw error;
    }
    if (pauseMs === FIRST_PAUSE_MS) onWait();
    await sleep(pauseMs, undefined, { signal });
  }
}

const NOT_HELD = { release: async () => {} };

/** Keeps a lock until it is released, or lost. */
function hold(lock: Lock, tiers: Tiers): Pick<Turn, 'release'> {
  const extending = setInterval(() => {
    const goOn = (isHeld: boolean) => {
      if (!isHeld) clearInterval(extending);
    };
    lock.extend().then(goOn, () => {});
  }, LEASE_MS / 2);
  return {
    release() {
      clearInterval(extending);
      return tiers.release(lock);
    },
  };
}
