// Owns what signals, systemd and the parent process make a supervisor of workers do.
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
}

/** What a successor is told. */
export interface PassedOn {
  /** As many as there are, which need not be as many as were configured. */
  readonly workers: number;
}

const successorReadyTimeoutMs = 60_000;
const killAfterMs = 5_000;

/** Obeys signals from now on, and ends the process when it is told to stop. */
export async function obeySignals({ supervisor, say }: OperatedDeps): Promise<void> {
  const { env, pid } = process;
  const stopping = new AbortController();
  /** Workers there were before they were drained to make room for a successor. */
  let retired: number | undefined;
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
      if (retired !== undefined) act('reload', 'the end of the successor');
    },
  });

  const scale = async (count: number) => {
    if (count < 1) throw new Error('there is one worker left, and it stays');
    await supervisor.scale(count);
  };
  const stop = async (how: 'graceful' | 'quick') => {
    stopping.abort();
    notifier.stopping();
    await supervisor.stop(how);
    await notifier.close();
    process.exit(0);
  };
  const acts: Readonly<Record<SignalAction, () => Promise<unknown>>> = {
    stop: () => stop('graceful'),
    'stop-quick': () => stop('quick'),
    async reload() {
      notifier.reloading();
      const count = retired;
      retired = undefined;
      if (count === undefined) await supervisor.replaceAll();
      else await supervisor.scale(count);
      notifier.ready();
    },
    'add-worker': () => scale(supervisor.wanted + 1),
    'remove-worker': () => scale(supervisor.wanted - 1),
    async upgrade() {
      const sockets = supervisor.sockets.descriptors();
      const state: PassedOn = { workers: supervisor.wanted };
      const result = await upgrader.upgrade(sockets, { state, signal: stopping.signal });
      if (!result.ok) throw new Error(`no upgrade: ${result.why}`);
      say(`process ${result.pid} serves beside this one; SIGTERM ends this one`);
    },
    async 'drain-workers'() {
      if (retired !== undefined) return;
      retired = supervisor.wanted;
      await supervisor.scale(0);
    },
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
  const predecessor = predecessorOf(env);
  if (predecessor) await predecessor.reportReady();
  else if (process.connected) {
    process.once('disconnect', () => {
      if (!stopping.signal.aborted) act('stop', 'the end of the parent process');
    });
  }
  notifier.ready(predecessor && pid);
  const isServing = () => supervisor.workers.some(({ state }) => state === 'ready');
  notifier.watch(() => retired !== undefined || isServing());
}
