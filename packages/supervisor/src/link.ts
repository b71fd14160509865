/** A worker's side: what its program does through the supervisor, and what it is told by it. */
import { systemClock } from './clock.ts';
import { WORKER_VARIABLE } from './fork.ts';
import { channelOfProcess } from './link-channel.ts';
import { Link } from './link-process.ts';
import type { ListenSocket, SocketHandle } from './listen-sockets.ts';
import type {
  DrainOrder,
  HandOverNote,
  ListenEndpoint,
  WorkerAnswer,
  WorkerFacts,
} from './messages.ts';

export interface WorkerLink {
  readonly id: number;
  /** Ready workers, this one included; changes with scaling. */
  readonly workers: number;
  /**
   * The listening socket called `key`, bound by the supervisor when the first worker asks. `handle`
   * is for `server.listen(handle)`. Rejects with a readable message.
   */
  listen(key: string, endpoint: ListenEndpoint): Promise<ListenSocket>;
  /** This worker no longer accepts on it; without a worker that does, the socket is closed. */
  unlisten(key: string): void;
  /** Everything is set up: from now on this worker counts. */
  ready(): void;
  /**
   * `answer` may return a promise; what it throws becomes a refusal with that message. Until
   * {@link ready}, asks wait for their subject to be registered.
   */
  onAsk(subject: string, answer: (body: unknown) => unknown): void;
  /** Asks every ready worker, through the supervisor. */
  gather(subject: string, body: unknown): Promise<readonly WorkerAnswer[]>;
  /** Asks the supervisor's own program, also in a drain; rejects with what it threw. */
  ask(subject: string, body: unknown): Promise<unknown>;
  /**
   * When what `act` returns resolves, the process ends with exit code 0. No connection is handed to
   * this worker any more. `act` is called again when there is nobody left to hand connections to.
   */
  onDrain(act: (order: DrainOrder) => Promise<void>): void;
  /** Leaves something behind for the supervisor, at the end of a drain; resolves when it is sent. */
  farewell(body: unknown): Promise<void>;
  /** The supervisor has gone: drain without it. A program that does not ask ends at once. */
  onDisconnect(act: () => void): void;
  /** Read before every beat: has to be cheap. */
  facts(read: () => WorkerFacts): void;
  /**
   * More connections than its fair share when that was last told, and not yet handed over: 5 % and
   * at least 2 of slack; never when it is alone. Costs nothing to ask.
   */
  hasSurplus(): boolean;
  /**
   * This worker has `count` connections more than its share: those that are at rest may be handed
   * over. Called again as long as that is so.
   */
  onSurplus(act: (count: number) => void): void;
  /** Reading must have stopped (`readStop`); the handle is the supervisor's from now on. */
  handOver(handle: SocketHandle, note: HandOverNote): void;
  /** Connections of other workers; nothing reads from `handle` yet. */
  onHandedOver(take: (handle: SocketHandle, note: HandOverNote) => void): void;
}

/**
 * The link of a process that a supervisor started; undefined in any other. From now on signals of
 * the terminal are left to the supervisor, and SIGTERM makes it replace this worker.
 */
export function joinSupervisor(): WorkerLink | undefined {
  const channel = channelOfProcess();
  const id = Number(process.env[WORKER_VARIABLE]);
  if (!channel || !Number.isSafeInteger(id) || id < 1) return undefined;
  const link = new Link(id, channel, systemClock);
  // A terminal sends these to the whole process group.
  for (const signal of ['SIGINT', 'SIGQUIT', 'SIGHUP'] as const) process.on(signal, () => {});
  process.on('SIGTERM', () => link.leave());
  return link;
}
