/** Workers without processes, for tests: they do what they are told, and fail on demand. */
import type { Fork, ForkListener, WorkerExit } from './fork.ts';
import type { SocketHandle } from './listen-sockets.ts';
import type { ToSupervisor, ToWorker } from './messages.ts';

export const KILLED: WorkerExit = { code: null, signal: 'SIGKILL' };

/** What the workers that are forked from now on do. */
interface Behaviour {
  /** How they answer when asked to start; the default is to become ready. */
  boot: 'ready' | 'refuse' | 'silent' | 'die';
  /** Whether an order to drain ends them. */
  leaves: boolean;
}

class FakeWorker {
  readonly id: number;
  readonly received: ToWorker[] = [];
  readonly behaviour: Behaviour;
  isGone = false;
  readonly #listener: ForkListener;

  constructor(id: number, listener: ForkListener, behaviour: Readonly<Behaviour>) {
    this.id = id;
    this.#listener = listener;
    this.behaviour = behaviour;
    queueMicrotask(() => this.says({ type: 'hello' }));
  }

  says(message: ToSupervisor, handle?: SocketHandle): void {
    if (!this.isGone) this.#listener.message(message, handle);
  }

  /** Says how it is. */
  beats(facts: { readonly connections?: number; readonly requests?: number } = {}): void {
    this.says({ type: 'beat', facts: { connections: 0, requests: 0, inFlight: 0, ...facts } });
  }

  ends(exit: WorkerExit): void {
    if (this.isGone) return;
    this.isGone = true;
    this.#listener.gone(exit);
  }

  hears(message: ToWorker): void {
    this.received.push(message);
    if (message.type === 'ask' && message.subject === 'start') this.#boot(message.ask);
    if (message.type === 'drain' && this.behaviour.leaves) {
      queueMicrotask(() => this.ends({ code: 0, signal: null }));
    }
  }

  /** Long after it was asked to start. */
  becomesReady(): void {
    const asked = this.received.find(({ type }) => type === 'ask');
    if (asked?.type !== 'ask') throw new Error(`worker ${this.id} was not asked to start`);
    this.says({ type: 'answer', ask: asked.ask, body: undefined });
    this.says({ type: 'ready' });
  }

  #boot(ask: number): void {
    switch (this.behaviour.boot) {
      case 'ready':
        this.says({ type: 'answer', ask, body: undefined });
        this.says({ type: 'ready' });
        break;
      case 'refuse':
        this.says({ type: 'refusal', ask, message: 'no upstream is configured' });
        break;
      case 'die':
        this.ends({ code: 1, signal: null });
        break;
      case 'silent':
    }
  }
}

export interface FakeWorkers {
  readonly fork: Fork;
  /** In the order they were forked. */
  readonly all: readonly FakeWorker[];
  /** Ids of those that live. */
  readonly alive: readonly number[];
  /** For the next ones. */
  readonly behaviour: Behaviour;
  get(id: number): FakeWorker;
}

export function createFakeWorkers(): FakeWorkers {
  const all: FakeWorker[] = [];
  const behaviour: Behaviour = { boot: 'ready', leaves: true };
  return {
    all,
    behaviour,
    get alive() {
      return all.filter(({ isGone }) => !isGone).map(({ id }) => id);
    },
    get(id) {
      const worker = all.find((each) => each.id === id);
      if (!worker) throw new Error(`worker ${id} was never forked`);
      return worker;
    },
    fork(id, listener) {
      const worker = new FakeWorker(id, listener, { ...behaviour });
      all.push(worker);
      return {
        pid: 1_000 + id,
        send: (message) => void (worker.isGone || worker.hears(message)),
        kill: () => queueMicrotask(() => worker.ends(KILLED)),
      };
    },
  };
}

/** A connection that can only be closed. */
export class FakeHandle implements SocketHandle {
  isClosed = false;

  readStop(): number {
    return 0;
  }

  close(): void {
    if (this.isClosed) throw new Error('closed twice');
    this.isClosed = true;
  }
}
