/** `headgate run`: control plane and supervisor in this process, the data path in workers. */
import {
  createNotifier,
  createSupervisor,
  inheritedSockets,
  type Predecessor,
  predecessorOf,
  removePidFile,
  runSystemdNotify,
  type Supervisor,
  Upgrader,
  type WorkerProgram,
  workerEnvironment,
  writePidFile,
} from '@headgate/supervisor';
import type { MetricFamily } from '@headgate/telemetry';
import type { ProxyConfig } from './config.ts';
import type { Decisions } from './control/control.ts';
import { type OpenControlDeps, type OpenedControl, openControl } from './control/open-control.ts';
import { createSupervisedFleet, supervisionOf } from './control/supervised-fleet.ts';
import { WorkerNews } from './control/worker-news.ts';
import type { RunningProxy } from './run.ts';
import type { WorkerStart } from './worker.ts';

export interface SupervisedDeps extends OpenControlDeps {
  readonly env: NodeJS.ProcessEnv;
  /** How this process was started; workers and successors are started in the same way. */
  readonly program: {
    readonly node: string;
    readonly execArgv: readonly string[];
    readonly file: string;
    readonly args: readonly string[];
  };
  readonly pidFile: string | undefined;
  readonly sleep: (ms: number) => Promise<void>;
}

/**
 * In MiB, half of what V8 would take. Requests in flight fill it with what they hold: with this a request
 * that waits costs 8.5 kB instead of 13, and collecting twice as often costs nothing that shows.
 */
const YOUNG_GENERATION = '--max-semi-space-size=8';

/** Time for a successor to load its configuration, resolve its names and start its workers. */
const SUCCESSOR_READY_TIMEOUT_MS = 60_000;
const KILL_AFTER_MS = 5_000;
/** A stop waits so long for a change under way, and then cuts it short. */
const SETTLE_MS = 5_000;
/** Between attempts to bring workers back when nobody else serves. */
const COME_BACK_MS = 5_000;

/** Rejects with a readable message, and nothing left running, when it cannot serve. */
export async function openSupervised(
  config: ProxyConfig,
  deps: SupervisedDeps,
): Promise<RunningProxy> {
  const predecessor = predecessorOf(deps.env);
  const decisions = predecessor?.state as Decisions | undefined;
  const opened = await openControl(config, { ...deps, decisions });
  const proxy = new SupervisedProxy(deps, opened, predecessor);
  await proxy.start();
  return proxy;
}

/** Lives from the first worker to the last. */
class SupervisedProxy implements RunningProxy {
  readonly #deps: SupervisedDeps;
  readonly #opened: OpenedControl;
  readonly #supervisor: Supervisor;
  readonly #upgrader: Upgrader;
  readonly #notifier;
  readonly #predecessor: Predecessor | undefined;
  readonly #stopping = new AbortController();
  readonly #news: WorkerNews;
  #addresses: readonly string[] = [];
  /** From the moment all workers are there. */
  #isServing = false;

  constructor(deps: SupervisedDeps, opened: OpenedControl, predecessor: Predecessor | undefined) {
    this.#predecessor = predecessor;
    const { env, pid } = deps;
    const { log } = opened;
    this.#deps = deps;
    this.#opened = opened;
    const inherited = inheritedSockets(env, pid);
    for (const problem of inherited.problems) log.warn(problem);
    this.#notifier = createNotifier({
      env,
      pid,
      run: runSystemdNotify(env),
      onProblem: (why) => log.warn(why),
    });
    this.#upgrader = new Upgrader({
      command: {
        node: deps.program.node,
        execArgv: deps.program.execArgv,
        args: [deps.program.file, ...deps.program.args],
        env,
      },
      readyTimeoutMs: SUCCESSOR_READY_TIMEOUT_MS,
      killAfterMs: KILL_AFTER_MS,
      onSuccessorGone: (successor) => this.#successorGone(successor),
    });
    this.#news = new WorkerNews(opened, () => {
      if (this.#stopping.signal.aborted) return 'stopping';
      return this.#isServing ? 'serving' : 'starting';
    });
    this.#supervisor = createSupervisor({
      workers: opened.plane.workersAsked,
      start: this.#workerProgram(),
      adopted: inherited.sockets,
      ...supervisionOf(opened.plane.config()),
      prepare: (ask, worker) => this.#prepare(ask, worker),
      onEvent: (event) => this.#news.take(event),
      elsewhere: {
        isThere: () => this.hasSuccessor,
        handOver: (handle, note) => this.#upgrader.handOver(handle, note),
      },
      onFarewell: (worker, body) =>
        opened.plane.workerCounted(worker, body as readonly MetricFamily[]),
    });
  }

  get addresses(): readonly string[] {
    return this.#addresses;
  }

  get adminAddress(): string | undefined {
    return this.#opened.surroundings.adminAddress ?? this.#opened.plane.config().admin?.address;
  }

  get maxInFlight(): number {
    const { plane } = this.#opened;
    return plane.config().limits.maxInFlight * plane.workersAsked;
  }

  get hasSuccessor(): boolean {
    return this.#upgrader.successor !== undefined;
  }

  async start(): Promise<void> {
    const { plane, surroundings, log } = this.#opened;
    const { pidFile, pid } = this.#deps;
    const config = plane.config();
    const predecessor = this.#predecessor;
    this.#supervisor.sockets.keepFilesWhile(() => this.#isSucceeded());
    try {
      // Before the workers: it is what fails most cheaply.
      if (!predecessor) await surroundings.open(config);
      await this.#supervisor.start();
      if (pidFile !== undefined) writePidFile(pidFile, pid);
    } catch (error) {
      await this.#supervisor.stop('quick');
      await surroundings.close();
      throw error;
    }
    this.#isServing = true;
    plane.attach(createSupervisedFleet(this.#supervisor));
    for (const { endpoint } of this.#supervisor.sockets.closeUnused()) {
      log.warn('an inherited socket is not in the configuration, and was closed', { endpoint });
    }
    if (predecessor) {
      predecessor.onConnection((handle, note) => this.#supervisor.takeIn(handle, note));
      await predecessor.reportReady();
      void surroundings
        .takeOver(config)
        .catch((error: Error) => log.error('there is no admin listener', { error }));
    }
    this.#notifier.ready(predecessor ? pid : undefined);
    this.#notifier.watch(
      () => this.#isRetired || this.#supervisor.workers.some(({ state }) => state === 'ready'),
    );
  }

  async reload(): Promise<void> {
    const { plane, control, surroundings } = this.#opened;
    const { pid } = this.#deps;
    const wasRetired = this.#isRetired;
    this.#notifier.reloading();
    try {
      if (wasRetired) {
        await this.#supervisor.scale(plane.workersAsked);
        void surroundings.takeOver(plane.config()).catch(() => {});
      }
      await control.reload('SIGHUP');
    } finally {
      // Who comes back is the one to watch again.
      this.#notifier.ready(wasRetired && !this.#isRetired ? pid : undefined);
    }
  }

  async scale(by: 1 | -1): Promise<void> {
    const { plane, control } = this.#opened;
    const workers = plane.workersAsked + by;
    if (workers < 1) throw new Error('there is one worker left, and it stays');
    const result = await control.scale(workers, by > 0 ? 'SIGTTIN' : 'SIGTTOU');
    if (!result.ok) throw new Error(result.why);
    this.#deps.print(`${workers} workers`);
  }

  async upgrade(): Promise<void> {
    const { log } = this.#opened;
    const { signal } = this.#stopping;
    const sockets = this.#supervisor.sockets.descriptors();
    const state = this.#opened.plane.decisions;
    const result = await this.#upgrader.upgrade(sockets, { state, signal });
    if (!result.ok) throw new Error(`no upgrade: ${result.why}`);
    // The successor waits for its address.
    await this.#opened.surroundings.standBack();
    log.info('a successor serves beside this supervisor', { successor: result.pid });
    this.#deps.print(`upgraded to process ${result.pid}`);
  }

  async retire(): Promise<void> {
    if (this.#isRetired) return;
    await this.#supervisor.scale(0);
    this.#deps.print('workers are draining');
  }

  progress(): { connections: number; inFlight: number } {
    const sum = { connections: 0, inFlight: 0 };
    for (const { facts } of this.#supervisor.workers) {
      sum.connections += facts.connections;
      sum.inFlight += facts.inFlight;
    }
    return sum;
  }

  async stop(how: 'graceful' | 'quick'): Promise<void> {
    const { plane, surroundings } = this.#opened;
    if (!this.#isSucceeded()) this.#notifier.stopping();
    this.#stopping.abort();
    plane.drain();
    if (how === 'graceful') {
      // A reload under way may be opening listeners; those are to be drained as well.
      await Promise.race([plane.settled(), this.#deps.sleep(SETTLE_MS)]);
      const { drainDelay } = plane.config().timeouts;
      if (drainDelay > 0 && !this.#isSucceeded()) await this.#deps.sleep(drainDelay);
    }
    await this.#supervisor.stop(how);
    if (how === 'graceful') await this.#upgrader.passedOn();
    await Promise.all([surroundings.close(), this.#notifier.close()]);
    const { pidFile, pid } = this.#deps;
    if (pidFile !== undefined) removePidFile(pidFile, pid);
  }

  async #prepare(
    ask: (subject: string, body: unknown) => Promise<unknown>,
    worker: number,
  ): Promise<void> {
    const { plane } = this.#opened;
    this.#news.starting(worker);
    const start: WorkerStart = { config: plane.effective };
    this.#addresses = (await ask('start', start)) as readonly string[];
  }

  /** Another supervisor goes on with the same sockets when this one ends. */
  #isSucceeded(): boolean {
    return this.hasSuccessor || this.#predecessor?.isAlive() === true;
  }

  /** Its workers were drained to make room for a successor. */
  get #isRetired(): boolean {
    return this.#supervisor.wanted === 0;
  }

  #successorGone(successor: number): void {
    const { pidFile, pid } = this.#deps;
    const { log, plane, surroundings } = this.#opened;
    log.warn('the successor has ended', { successor });
    if (this.#stopping.signal.aborted) return;
    try {
      if (pidFile !== undefined) writePidFile(pidFile, pid);
    } catch (error) {
      log.error('the pid file names a process that has ended', { error });
    }
    this.#notifier.ready(pid);
    void surroundings.takeOver(plane.config()).catch(() => {});
    void this.#comeBack();
  }

  /** Nobody else serves: what cannot start now is tried again until it can. */
  async #comeBack(): Promise<void> {
    const { log } = this.#opened;
    while (this.#isRetired && !this.hasSuccessor && !this.#stopping.signal.aborted) {
      try {
        await this.reload();
      } catch (error) {
        log.error('the workers cannot be brought back yet, and nobody serves', { error });
        await this.#deps.sleep(COME_BACK_MS);
      }
    }
  }

  #workerProgram(): WorkerProgram {
    const { program, env } = this.#deps;
    const { file, execArgv } = program;
    const isChosen = execArgv.some((option) => /semi.space/.test(option));
    return {
      file,
      args: [],
      env: workerEnvironment(env),
      execArgv: isChosen ? execArgv : [...execArgv, YOUNG_GENERATION],
    };
  }
}
