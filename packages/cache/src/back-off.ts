// Which keys failed to load a moment ago: while there is something stale to serve they are left
// alone, so that a broken loader is not asked for every single hit.

/** See {@link createBackOff}. */
export interface BackOff {
  /** Leaves `key` alone for `durationMs`. */
  start(key: string, durationMs: number): void;
  isOn(key: string): boolean;
  end(key: string): void;
}

const MAX_KEYS = 10_000;

/** Makes one that leaves no key alone. Beyond 10,000 keys those left alone longest are forgotten. */
export function createBackOff(now: () => number): BackOff {
  const endsAtMs = new Map<string, number>();
  return {
    start(key, durationMs) {
      if (durationMs === 0) return;
      endsAtMs.delete(key);
      endsAtMs.set(key, now() + durationMs);
      if (endsAtMs.size <= MAX_KEYS) return;
      for (const oldest of endsAtMs.keys()) {
        endsAtMs.delete(oldest);
        break;
      }
    },
    isOn(key) {
      const end = endsAtMs.get(key);
      if (end === undefined) return false;
      if (now() < end) return true;
      endsAtMs.delete(key);
      return false;
    },
    end: (key) => void endsAtMs.delete(key),
  };
}
