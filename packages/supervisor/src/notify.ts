/**
 * Tells systemd how the service is (sd_notify). Node has no datagram sockets of the unix kind, so
 * `systemd-notify` is run, which is there wherever systemd is. The unit needs NotifyAccess=all: the
 * sender is a child of the main process.
 */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

/** Runs `systemd-notify` with `args`; rejects when it cannot be run or exits with an error. */
export type RunNotify = (args: readonly string[]) => Promise<void>;

export interface NotifierOptions {
  readonly env: NodeJS.ProcessEnv;
  /** The process whose notifier this is. */
  readonly pid: number;
  readonly run: RunNotify;
  /** Told of the first failure; the ones after it say nothing new. */
  readonly onProblem: (why: string) => void;
}

/** Does nothing where systemd does not ask for notifications. No call waits or throws. */
export interface Notifier {
  /** Serving. With `mainPid` of the process systemd is to watch, after an upgrade. */
  ready(mainPid?: number): void;
  /** A reload is under way; `ready()` says that it is over. */
  reloading(): void;
  stopping(): void;
  /** One line, shown by `systemctl status`. */
  status(text: string): void;
  /**
   * Feeds systemd's watchdog at half of its interval as long as `isAlive`; does nothing when the
   * unit has none. systemd kills and restarts what no longer feeds it.
   */
  watch(isAlive: () => boolean): void;
  /** Stops feeding the watchdog; resolves when all that was said has been sent. */
  close(): Promise<void>;
}

/** systemd-notify waits 5 s by itself for systemd to have read the message. */
const RUN_TIMEOUT_MS = 10_000;

/** Of these only the newest counts; one that waits is replaced. */
const REPLACED: readonly string[] = ['STATUS', 'WATCHDOG'];

type Assignment = readonly [name: string, value: string | number];

/** Runs the `systemd-notify` found on the PATH. */
export function runSystemdNotify(env: NodeJS.ProcessEnv): RunNotify {
  return async (args) => {
    await promisify(execFile)('systemd-notify', [...args], { env, timeout: RUN_TIMEOUT_MS });
  };
}

/** A notifier that speaks to the systemd that `env` names. */
export function createNotifier(options: NotifierOptions): Notifier {
  const { env, pid, run, onProblem } = options;
  const isAsked = Boolean(env.NOTIFY_SOCKET);
  const queue: (readonly Assignment[])[] = [];
  let sending: Promise<void> | undefined;
  let feeding: NodeJS.Timeout | undefined;
  let hasFailed = false;

  async function sendAll(): Promise<void> {
    for (let message = queue.shift(); message; message = queue.shift()) {
      try {
        await run(message.map(([name, value]) => `${name}=${value}`));
      } catch (error) {
        if (!hasFailed) onProblem(`systemd cannot be told: ${(error as Error).message.trim()}`);
        hasFailed = true;
      }
    }
    sending = undefined;
  }

  function send(...message: readonly Assignment[]): void {
    if (!isAsked) return;
    const name = message[0]?.[0] ?? '';
    const waiting = REPLACED.includes(name) ? queue.findIndex(([of]) => of?.[0] === name) : -1;
    if (waiting >= 0) queue[waiting] = message;
    else queue.push(message);
    sending ??= sendAll();
  }

  return {
    ready(mainPid) {
      if (mainPid === undefined) send(['READY', 1]);
      else send(['READY', 1], ['MAINPID', mainPid]);
    },
    reloading() {
      // What Type=notify-reload wants with it: CLOCK_MONOTONIC in microseconds.
      send(['RELOADING', 1], ['MONOTONIC_USEC', String(process.hrtime.bigint() / 1_000n)]);
    },
    stopping: () => send(['STOPPING', 1]),
    status: (text) => send(['STATUS', text.replaceAll(/\s+/g, ' ')]),
    watch(isAlive) {
      const intervalMs = watchdogMs(env, pid);
      if (intervalMs === undefined || feeding) return;
      feeding = setInterval(() => {
        if (isAlive()) send(['WATCHDOG', 1]);
      }, intervalMs / 2).unref();
    },
    async close() {
      clearInterval(feeding);
      await sending;
    },
  };
}

/** Undefined when systemd watches nobody, or another process. */
function watchdogMs({ WATCHDOG_USEC, WATCHDOG_PID }: NodeJS.ProcessEnv, pid: number) {
  const intervalMs = Number(WATCHDOG_USEC) / 1_000;
  const isForThis = WATCHDOG_PID === undefined || Number(WATCHDOG_PID) === pid;
  return intervalMs > 0 && isForThis ? intervalMs : undefined;
}
