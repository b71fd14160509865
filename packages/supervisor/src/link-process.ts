/** The link of a worker's process to its supervisor: see {@link WorkerLink}. */
import { BEAT_CHECK_MS, isBeatDue } from './beat.ts';
import type { Clock } from './clock.ts';
import type { WorkerLink } from './link.ts';
import { LinkAnswers } from './link-answers.ts';
import type { LinkChannel } from './link-channel.ts';
import type { ListenSocket, SocketHandle } from './listen-sockets.ts';
import type {
  DrainOrder,
  HandOverNote,
  ListenEndpoint,
  ToWorker,
  WorkerAnswer,
  WorkerFacts,
} from './messages.ts';
import { PendingAsks } from './pending-asks.ts';
import { type Share, surplusOf } from './share.ts';

const GONE = 'the supervisor has gone';

/**
 * Connections that are handed over for each share that is told. Every other message waits behind them,
 * and while clients come in thousands, who has too many changes from moment to moment.
 */
const MOST_AT_ONCE = 128;

/** Lives as long as the process. */
export class Link implements WorkerLink {
  readonly id: number;
  readonly #channel: LinkChannel;
  readonly #clock: Clock;
  readonly #asks: PendingAsks;
  readonly #answers = new LinkAnswers();
  /** Handed over, and not on their way yet. */
  readonly #leaving = new Set<SocketHandle>();
  /** Handed to this worker, and not acknowledged yet. */
  readonly #coming = new Map<SocketHandle, HandOverNote>();
  #share: Share = { type: 'share', workers: 1, connections: 0 };
  #read = (): WorkerFacts => ({ connections: 0, requests: 0, inFlight: 0 });
  #act = async (_order: DrainOrder): Promise<void> => {};
  /**
   * Of the share told last. Not counted anew in between: while connections are opened, that share
   * is too small, and each new one would be moved.
   */
  #surplus = 0;
  #giveAway: (count: number) => void = () => {};
  #take = (handle: SocketHandle, _note: HandOverNote): void => handle.close();
  #disconnected: () => void;
  #told: WorkerFacts | undefined;
  #toldMs = 0;
  #isReady = false;
  #isDraining = false;
  /** The program has been told to drain. */
  #hasBegunDrain = false;
  #order: DrainOrder | undefined;
  #isCut = false;
  #whenNoneMoves: (() => void) | undefined;

  constructor(id: number, channel: LinkChannel, clock: Clock) {
    this.id = id;
    this.#channel = channel;
    this.#clock = clock;
    this.#asks = new PendingAsks(clock);
    this.#disconnected = () => channel.exit(1);
    channel.onMessage((message, handle) => this.#receive(message, handle));
    channel.onDisconnect(() => this.#cut());
    channel.send({ type: 'hello' });
  }

  get workers(): number {
    return this.#share.workers;
  }

  async listen(key: string, endpoint: ListenEndpoint): Promise<ListenSocket> {
    if (this.#isCut) throw new Error(GONE);
    const { ask, answer } = this.#asks.open();
    this.#channel.send({ type: 'listen', ask, key, endpoint });
    return (await answer) as ListenSocket;
  }

  unlisten(key: string): void {
    this.#channel.send({ type: 'unlisten', key });
  }

  ready(): void {
    if (this.#isReady) return;
    this.#isReady = true;
    this.#answers.finish();
    this.#channel.send({ type: 'ready' });
    this.#beat();
  }

  onAsk(subject: string, answer: (body: unknown) => unknown): void {
    this.#answers.register(subject, answer);
  }

  async gather(subject: string, body: unknown): Promise<readonly WorkerAnswer[]> {
    if (this.#isCut) throw new Error(GONE);
    const { ask, answer } = this.#asks.open();
    this.#channel.send({ type: 'gather', ask, subject, body });
    return (await answer) as readonly WorkerAnswer[];
  }

  ask(subject: string, body: unknown): Promise<unknown> {
    if (this.#isCut) return Promise.reject(new Error(GONE));
    const { ask, answer } = this.#asks.open();
    this.#channel.send({ type: 'ask', ask, subject, body });
    return answer;
  }

  onDrain(act: (order: DrainOrder) => Promise<void>): void {
    this.#act = act;
  }

  farewell(body: unknown): Promise<void> {
    if (this.#isCut) return Promise.resolve();
    return new Promise((sent) => this.#channel.send({ type: 'farewell', body }, undefined, sent));
  }

  onDisconnect(act: () => void): void {
    this.#disconnected = act;
  }

  facts(read: () => WorkerFacts): void {
    this.#read = read;
  }

  hasSurplus(): boolean {
    return this.#surplus > 0;
  }

  handOver(handle: SocketHandle, note: HandOverNote): void {
    if (this.#isCut) {
      handle.close();
      return;
    }
    this.#surplus -= 1;
    this.#leaving.add(handle);
    this.#channel.send({ type: 'hand-over', note }, handle, () => {
      if (!this.#leaving.delete(handle)) return;
      handle.close();
      this.#moved();
    });
  }

  onSurplus(act: (count: number) => void): void {
    this.#giveAway = act;
  }

  onHandedOver(take: (handle: SocketHandle, note: HandOverNote) => void): void {
    this.#take = take;
  }

  /** Asks for a successor. */
  leave(): void {
    this.#channel.send({ type: 'leave' });
  }

  #receive(message: ToWorker, handle: SocketHandle | undefined): void {
    switch (message.type) {
      case 'ask':
        void this.#answer(message.ask, message.subject, message.body);
        break;
      case 'listening':
        this.#asks.settle(message.ask, { handle, endpoint: message.endpoint });
        break;
      case 'refused':
        this.#asks.refuse(message.ask, message.message);
        break;
      case 'gathered':
        this.#asks.settle(message.ask, message.answers);
        break;
      case 'answered':
        this.#asks.settle(message.ask, message.body);
        break;
      case 'drain':
        void this.#drain(message.order);
        break;
      case 'share':
        this.#shared(message);
        break;
      case 'take':
        if (handle) this.#acknowledge(handle, message.take, message.note);
        break;
      case 'tally':
        this.#channel.send({ type: 'tallied', take: message.take });
    }
  }

  #shared(share: Share): void {
    this.#share = share;
    const isBehind = this.#leaving.size > 0;
    const surplus = isBehind ? 0 : surplusOf(this.#read().connections, share);
    this.#surplus = Math.min(surplus, MOST_AT_ONCE);
    if (this.#surplus > 0 && !this.#isDraining) this.#giveAway(this.#surplus);
  }

  async #answer(ask: number, subject: string, body: unknown): Promise<void> {
    try {
      const answer = await this.#answers.ask(subject, body);
      this.#channel.send({ type: 'answer', ask, body: answer });
    } catch (error) {
      const message = error instanceof Error ? error.message : String(error);
      this.#channel.send({ type: 'refusal', ask, message });
    }
  }

  /**
   * The connection is used only when the word of that is out: had this worker served it and died
   * unheard, it would be given to another in the middle of something.
   */
  #acknowledge(handle: SocketHandle, take: number, note: HandOverNote): void {
    this.#coming.set(handle, note);
    this.#channel.send({ type: 'taken', take }, undefined, () => {
      if (!this.#coming.delete(handle)) return;
      this.#take(handle, note);
      this.#moved();
    });
  }

  #beat(): void {
    // Node does not always say so when the other end closes while handles wait to be sent.
    if (!this.#channel.isConnected) this.#cut();
    if (this.#isCut) return;
    const nowMs = this.#clock.now();
    const facts = this.#read();
    if (isBeatDue(nowMs - this.#toldMs, this.#told, facts)) {
      this.#told = facts;
      this.#toldMs = nowMs;
      this.#channel.send({ type: this.#isDraining ? 'draining' : 'beat', facts });
    }
    this.#clock.after(BEAT_CHECK_MS, () => this.#beat());
  }

  async #drain(order: DrainOrder): Promise<void> {
    this.#order = order;
    if (this.#isDraining) {
      if (order.timeoutMs === 0) this.#channel.exit(0);
      // The first order ends this process when all is over.
      else if (this.#hasBegunDrain) void this.#act(order).catch(() => {});
      return;
    }
    this.#isDraining = true;
    // What came before the order is the program's to drain, and nothing comes after it.
    await this.#noneMoves();
    this.#hasBegunDrain = true;
    try {
      await this.#act(this.#order);
    } catch (error) {
      console.error(error);
      return this.#channel.exit(1);
    }
    await this.#noneMoves();
    this.#channel.exit(0);
  }

  /** Resolves when no connection is on its way from here, nor here and not used yet. */
  async #noneMoves(): Promise<void> {
    if (this.#leaving.size + this.#coming.size === 0) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#whenNoneMoves = resolve;
    await promise;
  }

  #moved(): void {
    if (this.#leaving.size + this.#coming.size === 0) this.#whenNoneMoves?.();
  }

  #cut(): void {
    if (this.#isCut) return;
    this.#isCut = true;
    this.#asks.refuseAll(GONE);
    for (const handle of this.#leaving) handle.close();
    this.#leaving.clear();
    for (const [handle, note] of this.#coming) this.#take(handle, note);
    this.#coming.clear();
    this.#moved();
    this.#disconnected();
  }
}
