/**
 * Keeps a number of worker processes serving on sockets that outlive every one of them: replaces
 * those that die, hang, grow old or are outdated, and passes connections between them. Serves
 * nobody itself.
 */
import { type Clock, systemClock } from './clock.ts';
import { Crew } from './crew.ts';
import type { SupervisorEvent } from './events.ts';
import { type Fork, forkProgram, type WorkerProgram } from './fork.ts';
import { HandOverDesk } from './hand-over.ts';
import { HeldSockets } from './held-sockets.ts';
import { type AdoptedSocket, ListenSockets, type SocketHandle } from './listen-sockets.ts';
import { residentBytes } from './memory.ts';
import type {
  HandOverNote,
  ListenEndpoint,
  ToSupervisor,
  WorkerAnswer,
  WorkerFacts,
} from './messages.ts';
import type { RecycleLimits } from './recycle.ts';
import { type ReplaceResult, Rolling } from './rolling.ts';
import { Rounds } from './rounds.ts';
import { fairShare, isSurplus, type Share } from './share.ts';
import type { Prepare, WorkerProcess, WorkerState } from './worker-process.ts';

export interface SupervisorOptions {
  readonly workers: number;
  readonly start: WorkerProgram;
  /** From the fork until the worker says that it is ready. */
  readonly readyTimeoutMs: number;
  /** Silence after which a ready worker is stuck; 0 turns this off, for debuggers. */
  readonly stuckAfterMs: number;
  /** How long a worker may drain before it is killed. */
  readonly drainTimeoutMs: number;
  /** Workers that come to these are replaced; requests and age vary by ±10 % among workers. */
  readonly recycle: RecycleLimits;
  readonly adopted: readonly AdoptedSocket[];
  readonly prepare: Prepare;
  /** What a worker's `link.ask` is answered; may return a promise. A throw becomes a refusal. */
  readonly answer?: (subject: string, body: unknown, worker: number) => unknown;
  readonly onEvent: (event: SupervisorEvent) => void;
  /** Where connections go when no worker is left here: the successor of this supervisor. */
  readonly elsewhere?: Elsewhere;
  /** What a worker leaves behind at the end of its drain. */
  readonly onFarewell?: (worker: number, body: unknown) => void;
}

/** Another supervisor with the same sockets. */
interface Elsewhere {
  isThere(): boolean;
  /** False when it cannot take the connection. */
  handOver(handle: SocketHandle, note: HandOverNote): boolean;
}

/** Where the world comes in; tests hand in their own. */
export interface SupervisorDeps {
  readonly clock: Clock;
  readonly random: () => number;
  readonly fork: Fork;
  readonly memory: (pid: number) => number | undefined;
}

export interface WorkerStatus {
  readonly id: number;
  readonly pid: number | undefined;
  readonly state: WorkerState;
  readonly ageMs: number;
  readonly facts: WorkerFacts;
  /** Resident; undefined until measured, and on anything but Linux. */
  readonly memoryBytes: number | undefined;
}

export interface AskOptions {
  /** This one alone instead of all. */
  readonly worker?: number;
  /** Those in one of these; default: those that are ready. Who starts hears it when it can. */
  readonly states?: readonly WorkerState[];
  readonly timeoutMs?: number;
}

export type Adjustable = Partial<
  Pick<SupervisorOptions, 'recycle' | 'drainTimeoutMs' | 'readyTimeoutMs' | 'stuckAfterMs'>
>;

export interface Supervisor {
  /** Starts all workers; rejects with the reason of the first that cannot boot, nothing left running. */
  start(): Promise<void>;
  /** All whose process has not ended. */
  readonly workers: readonly WorkerStatus[];
  /** How many there should be. */
  readonly wanted: number;
  /** The listening sockets, to be passed on in an upgrade. */
  readonly sockets: ListenSockets;
  /** Asks all ready workers, those of other states, or one. A refusal, a worker that is not there and silence are answers as well. */
  ask(subject: string, body: unknown, options?: AskOptions): Promise<readonly WorkerAnswer[]>;
  /** Rolling: one after the other, each when its successor is ready. See {@link Rolling.replaceAll}. */
  replaceAll(): Promise<ReplaceResult>;
  /** See {@link Crew.scale}. With 0 nobody serves, and new connections wait in the sockets' backlogs. */
  scale(count: number): Promise<void>;
  /** Resolves when every worker has gone and every socket is closed; `quick` hurries `graceful` up. */
  stop(how: 'graceful' | 'quick'): Promise<void>;
  configure(options: Adjustable): void;
  /** Goes on with a connection at rest of another supervisor. */
  takeIn(handle: SocketHandle, note: HandOverNote): void;
}

const ASK_TIMEOUT_MS = 5_000;
const READY: readonly WorkerState[] = ['ready'];
/** Each is an open descriptor. */
const MAX_KEPT_CONNECTIONS = 65_536;

/** Makes a supervisor that has started nothing yet. */
export function createSupervisor(
  options: SupervisorOptions,
  deps: Partial<SupervisorDeps> = {},
): Supervisor {
  return new Superintendent(options, {
    clock: systemClock,
    random: Math.random,
    fork: forkProgram(options.start),
    memory: residentBytes,
    ...deps,
  });
}

class Superintendent implements Supervisor {
  readonly sockets: ListenSockets;
  readonly #crew: Crew;
  readonly #rolling: Rolling<WorkerProcess>;
  readonly #held: HeldSockets<WorkerProcess>;
  readonly #desk: HandOverDesk<WorkerProcess>;
  readonly #rounds: Rounds;
  #options: SupervisorOptions;
  #share: Share = fairShare([]);
  #scaling: Promise<void> = Promise.resolve();

  constructor(options: SupervisorOptions, deps: SupervisorDeps) {
    this.#options = options;
    this.sockets = new ListenSockets(options.adopted);
    this.#held = new HeldSockets(this.sockets);
    this.#crew = new Crew({
      ...deps,
      prepare: options.prepare,
      timeouts: () => this.#options,
      isOtherThere: () => options.elsewhere?.isThere() ?? false,
      onEvent: options.onEvent,
      onMessage: (worker, message, handle) => this.#receive(worker, message, handle),
      onChange: () => this.#changed(),
      onGone: (worker) => {
        this.#held.releaseAll(worker);
        this.#desk.gone(worker);
      },
    });
    this.#rolling = new Rolling(this.#crew, (result) => options.onEvent(replacement(result)));
    this.#desk = new HandOverDesk({
      takers: () => this.#crew.ready,
      isTakerExpected: () => this.#crew.wanted > 0,
      passOn: (handle, note) => options.elsewhere?.handOver(handle, note) ?? false,
      maxKept: MAX_KEPT_CONNECTIONS,
    });
    this.#rounds = new Rounds({
      ...deps,
      crew: this.#crew,
      rolling: this.#rolling,
      desk: this.#desk,
      settings: () => this.#options,
      tellShare: () => this.#tellShare(),
      onEvent: options.onEvent,
    });
  }

  get workers(): readonly WorkerStatus[] {
    return this.#crew.workers.map(({ id, pid, state, ageMs, facts, memoryBytes }) => {
      return { id, pid, state, ageMs, facts, memoryBytes };
    });
  }

  get wanted(): number {
    return this.#crew.wanted;
  }

  async start(): Promise<void> {
    this.#rounds.begin();
    try {
      await this.#scaleTo(this.#options.workers);
    } catch (error) {
      if (!this.#crew.isStopping) await this.stop('quick');
      throw error;
    }
  }

  ask(subject: string, body: unknown, options: AskOptions = {}): Promise<readonly WorkerAnswer[]> {
    const { worker: id, states = READY, timeoutMs = ASK_TIMEOUT_MS } = options;
    const asked = this.#crew.workers.filter(
      (worker) => states.includes(worker.state) && (id === undefined || worker.id === id),
    );
    if (id !== undefined && asked.length === 0) {
      return Promise.resolve([{ worker: id, ok: false, message: `worker ${id} is not ready` }]);
    }
    return Promise.all(
      asked.map(async (worker): Promise<WorkerAnswer> => {
        try {
          return { worker: worker.id, ok: true, body: await worker.ask(subject, body, timeoutMs) };
        } catch (error) {
          return { worker: worker.id, ok: false, message: (error as Error).message };
        }
      }),
    );
  }

  replaceAll(): Promise<ReplaceResult> {
    return this.#rolling.replaceAll();
  }

  scale(count: number): Promise<void> {
    const from = this.#crew.wanted;
    if (from !== count) this.#options.onEvent({ type: 'scaled', from, to: count });
    return this.#scaleTo(count);
  }

  async stop(how: 'graceful' | 'quick'): Promise<void> {
    this.#rounds.end();
    const gone = this.#crew.stop(how);
    // First: were this process the last to close a socket, it would reset what waits in its backlog
    // and nobody accepts; a worker closes it when it has just accepted everything.
    this.sockets.closeAll();
    await gone;
    this.#desk.close();
  }

  takeIn(handle: SocketHandle, note: HandOverNote): void {
    this.#desk.receive(handle, note);
  }

  configure(options: Adjustable): void {
    this.#options = { ...this.#options, ...options };
  }

  #receive(worker: WorkerProcess, message: ToSupervisor, handle: SocketHandle | undefined): void {
    switch (message.type) {
      case 'listen':
        void this.#listen(worker, message.ask, message.key, message.endpoint);
        break;
      case 'unlisten':
        this.#held.release(worker, message.key);
        this.#closeUnheld();
        break;
      case 'gather':
        void this.ask(message.subject, message.body).then((answers) => {
          worker.send({ type: 'gathered', ask: message.ask, answers });
        });
        break;
      case 'ask':
        void this.#answer(worker, message.ask, message.subject, message.body);
        break;
      case 'hand-over':
        if (handle) this.#desk.receive(handle, message.note);
        break;
      case 'taken':
        this.#desk.taken(worker, message.take);
        break;
      case 'tallied':
        this.#desk.tallied(worker, message.take);
        break;
      case 'farewell':
        this.#options.onFarewell?.(worker.id, message.body);
        break;
      case 'beat':
        this.#desk.heard(worker);
    }
  }

  #scaleTo(count: number): Promise<void> {
    const scaled = this.#scaling.then(() => this.#crew.scale(count));
    this.#scaling = scaled.catch(() => {});
    return scaled;
  }

  async #listen(worker: WorkerProcess, ask: number, key: string, endpoint: ListenEndpoint) {
    try {
      if (this.#crew.isStopping) throw new Error('the supervisor is stopping');
      const socket = await this.#held.open(worker, key, endpoint);
      // It ended while it waited, and its hold with it.
      if (worker.state === 'gone') this.#held.release(worker, key);
      worker.send({ type: 'listening', ask, endpoint: socket.endpoint }, socket.handle);
    } catch (error) {
      worker.send({ type: 'refused', ask, message: (error as Error).message });
    }
  }

  async #answer(worker: WorkerProcess, ask: number, subject: string, body: unknown) {
    const { answer } = this.#options;
    try {
      if (!answer) throw new Error(`the supervisor answers nothing about ${subject}`);
      worker.send({ type: 'answered', ask, body: await answer(subject, body, worker.id) });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      worker.send({ type: 'refused', ask, message });
    }
  }

  #changed(): void {
    this.#tellShare();
    this.#desk.dispatchKept();
    this.#closeUnheld();
  }

  #closeUnheld(): void {
    if (this.#crew.isStopping || this.#crew.isComplete) this.#held.closeUnheld();
  }

  /** Told again as long as somebody has a surplus: it is handed over in parts. */
  #tellShare(): void {
    const { ready } = this.#crew;
    const expected = ready.map((worker) => this.#desk.expectedConnections(worker));
    const share = fairShare(expected);
    const { workers, connections } = this.#share;
    const isNews = share.workers !== workers || share.connections !== connections;
    const isAgain = this.#desk.underWay === 0 && expected.some((each) => isSurplus(each, share));
    if (!isNews && !isAgain) return;
    this.#share = share;
    for (const worker of ready) worker.send(share);
  }
}

function replacement(result: ReplaceResult): SupervisorEvent {
  return result.ok
    ? { type: 'workers-replaced', replaced: result.replaced }
    : { type: 'replacement-failed', why: result.why };
}
