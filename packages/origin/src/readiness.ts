// Owns whether this process can do its work: checks of what it needs, asked at most once a second.
import type { Logger } from '@headgate/telemetry';

/** Resolves when what is needed can be used; rejects with why not. `signal` aborts after a second. */
export type ReadinessCheck = (signal: AbortSignal) => Promise<void>;

/** What readiness is made with. */
export interface ReadinessDeps {
  /** By the name of what is needed, such as `database`. */
  readonly checks: Readonly<Record<string, ReadinessCheck>>;
  readonly logger: Logger;
  /** Monotonic clock in milliseconds. */
  readonly now?: () => number;
}

/** Answers who asks whether this process is ready. */
export interface Readiness {
  /** The names of the checks that fail, in the order they were given; never rejects. */
  failing(): Promise<readonly string[]>;
}

const checkTimeoutMs = 1000;
/** Load balancers ask several times a second, each of them; what is needed is to be spared that. */
const keepMs = 1000;

/** Who asks while the checks run shares them, and who asks within a second of their end too. */
export function createReadiness(deps: ReadinessDeps): Readiness {
  const { logger, now = () => performance.now() } = deps;
  const checks = Object.entries(deps.checks);
  const down = new Set<string>();
  let current: Promise<readonly string[]> | undefined;
  let keptUntilMs = Number.NEGATIVE_INFINITY;

  const passes = async (name: string, check: ReadinessCheck): Promise<boolean> => {
    try {
      await withinTime(check);
      if (down.delete(name)) logger.info('what this origin needs is there again', { check: name });
      return true;
    } catch (error) {
      if (!down.has(name))
        logger.warn('what this origin needs is not there', { check: name, error });
      down.add(name);
      return false;
    }
  };
  const runAll = async () => {
    const results = await Promise.all(checks.map(([name, check]) => passes(name, check)));
    keptUntilMs = now() + keepMs;
    return checks.flatMap(([name], i) => (results[i] ? [] : [name]));
  };

  return {
    failing() {
      if (current === undefined || now() >= keptUntilMs) {
        // Until they have ended.
        keptUntilMs = Number.POSITIVE_INFINITY;
        current = runAll();
      }
      return current;
    },
  };
}

/** Also a check that does not heed its signal has a second. */
async function withinTime(check: ReadinessCheck): Promise<void> {
  const controller = new AbortController();
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(() => {
    const error = new Error(`the check took longer than ${checkTimeoutMs} ms`);
    reject(error);
    controller.abort(error);
  }, checkTimeoutMs);
  try {
    await Promise.race([check(controller.signal), late]);
  } finally {
    clearTimeout(timer);
  }
}
