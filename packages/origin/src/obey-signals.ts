// Owns what signals, systemd and the parent process make a supervisor of workers do.
import { setTimeout as sleep } from 'node:timers/promises';
import {
  createNotifier,
  handleSignals,
  predecessorOf,
  runSystemdNotify,
  type SignalAction,
  type Supervisor,
  Upgrader,
} from '@headgate/supervisor';

/** What is operated on. */
export interface OperatedDeps {
  readonly supervisor: Supervisor;
  /** One line for people. */
  readonly say: (line: string) => void;
  /** What starts successors, and takes connections to them. */
  readonly onUpgrader: (upgrader: Upgrader) => void;
}

/** What a successor is told. */
export interface PassedOn {
  /** As many as there are, which need not be as many as were configured. */
  readonly workers: number;
}

const successorReadyTimeoutMs = 60_000;
const killAfterMs = 5_000;
/** Between attempts to bring workers back when nobody else serves. */
const comeBackMs = 5_000;

/** Obeys signals from now on, and ends the process when it is told to stop. */
export async function obeySignals({ supervisor, say, onUpgrader }: OperatedDeps): Promise<void> {
  const { env, pid } = process;
  const stopping = new AbortController();
  const predecessor = predecessorOf(env);
  /** Workers there were before they were drained to make room for a successor. */
  let workersBefore = supervisor.wanted;
  const isRetired = () => supervisor.wanted === 0;
  const notifier = createNotifier({ env, pid, run: runSystemdNotify(env), onProblem: say });
  const upgrader = new Upgrader({
    command: {
      node: process.execPath,
      execArgv: process.execArgv,
      args: process.argv.slice(1),
      env,
    },
    readyTimeoutMs: successorReadyTimeoutMs,
    killAfterMs,
    onSuccessorGone(successor) {
      say(`successor ${successor} has ended`);
      if (stopping.signal.aborted) return;
      notifier.ready(pid);
      void comeBack();
    },
  });
  onUpgrader(upgrader);
  const isSucceeded = () => upgrader.successor !== undefined || predecessor?.isAlive() === true;

  const scale = async (count: number) => {
    if (count < 1) throw new Error('there is one worker left, and it stays');
    await supervisor.scale(count);
  };
  const stop = async (how: 'graceful' | 'quick') => {
    stopping.abort();
    // Where another goes on, the service does not stop.
    if (!isSucceeded()) notifier.stopping();
    await supervisor.stop(how);
    if (how === 'graceful') await upgrader.passedOn();
    await notifier.close();
    process.exit(0);
  };
  const acts: Readonly<Record<SignalAction, () => Promise<unknown>>> = {
    stop: () => stop('graceful'),
    'stop-quick': () => stop('quick'),
    async reload() {
      const wasRetired = isRetired();
      notifier.reloading();
      try {
        if (wasRetired) await supervisor.scale(workersBefore);
        else await supervisor.replaceAll();
      } finally {
        // Who comes back is the one to watch again.
        notifier.ready(wasRetired && !isRetired() ? pid : undefined);
      }
    },
    'add-worker': () => scale(supervisor.wanted + 1),
    'remove-worker': () => scale(supervisor.wanted - 1),
    async upgrade() {
      const sockets = supervisor.sockets.descriptors();
      const state: PassedOn = { workers: isRetired() ? workersBefore : supervisor.wanted };
      const result = await upgrader.upgrade(sockets, { state, signal: stopping.signal });
      if (!result.ok) throw new Error(`no upgrade: ${result.why}`);
      say(`process ${result.pid} serves beside this one; SIGTERM ends this one`);
    },
    async 'drain-workers'() {
      if (isRetired()) return;
      workersBefore = supervisor.wanted;
      await supervisor.scale(0);
    },
  };
  /** Nobody else serves: what cannot start now is tried again until it can. */
  const comeBack = async () => {
    while (isRetired() && upgrader.successor === undefined && !stopping.signal.aborted) {
      try {
        await acts.reload();
      } catch (error) {
        say(`the workers cannot be brought back yet: ${(error as Error).message}`);
        await sleep(comeBackMs);
      }
    }
  };
  const act = (action: SignalAction, why: string) => {
    acts[action]().catch((error: Error) => say(`${why}: ${error.message}`));
  };

  handleSignals({
    source: process,
    context: () => ({
      isStopping: stopping.signal.aborted,
      hasSuccessor: upgrader.successor !== undefined,
      isOnTerminal: process.stdout.isTTY || process.stderr.isTTY,
    }),
    act,
  });
  if (predecessor) await predecessor.reportReady();
  else if (process.connected) {
    process.once('disconnect', () => {
      if (!stopping.signal.aborted) act('stop', 'the end of the parent process');
    });
  }
  notifier.ready(predecessor && pid);
  const isServing = () => supervisor.workers.some(({ state }) => state === 'ready');
  notifier.watch(() => isRetired() || isServing());
}
