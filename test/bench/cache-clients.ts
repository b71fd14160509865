/** Clients that ask all at once, or one after the other for a while. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Connection, connectTo, type Reply, requestFor } from './cache-connection.ts';

export interface Clients extends AsyncDisposable {
  readonly connections: readonly Connection[];
}

export interface ClientsPlan {
  /** Where they connect to, without a path. */
  readonly url: string;
  readonly count: number;
  /** Answered once on every connection, so that none is in a queue of the listener any more. */
  readonly firstTarget: string;
  /** Counts such plans: the ports of an address that was used stay taken for a minute. */
  readonly turn: number;
}

/** All of one herd, on the clock of `performance.now`. */
export interface HerdReplies {
  /** When the first request was sent, which is when all of them were meant to be. */
  readonly beganMs: number;
  readonly replies: readonly Reply[];
}

export interface Sample {
  readonly reply: Reply;
  readonly latencyMs: number;
}

export interface TurnsPlan {
  readonly request: string;
  readonly lengthMs: number;
  /** Ends it early. */
  readonly isOver: (reply: Reply) => boolean;
}

/** More at once would overflow the queue of a listener. */
const OPENING_AT_ONCE = 64;
const SOURCES = 2;
/** Sent before what has been answered meanwhile is read. */
const SENT_AT_ONCE = 50;
const DEADLINE_MS = 60_000;

/** Resolves when all are open and have had an answer; rejects when one fails, or on abort. */
export async function openClients(
  { url, count, firstTarget, turn }: ClientsPlan,
  signal: AbortSignal,
): Promise<Clients> {
  await using opened = new AsyncDisposableStack();
  const request = requestFor(url, firstTarget);
  const network = `127.${100 + Math.floor(turn / 250)}.${1 + (turn % 250)}`;
  const connections: Connection[] = [];
  let problem: string | undefined;
  const open = async () => {
    while (connections.length < count && problem === undefined) {
      const source = `${network}.${1 + (connections.length % SOURCES)}`;
      const connection = opened.use(connectTo(url, source));
      const nth = connections.push(connection);
      const { status } = await askOnce(connection, request);
      if (status !== 200) {
        problem ??= `connection ${nth} of ${count} ${status === 0 ? 'broke' : `got ${status}`}`;
      }
    }
  };
  const openers = Array.from({ length: Math.min(count, OPENING_AT_ONCE) }, open);
  const isDone = await isDoneInTime(Promise.all(openers), signal);
  if (!isDone) problem ??= `${connections.length} of ${count} connections were open in time`;
  if (problem !== undefined) throw new Error(problem);
  const owned = opened.move();
  return { connections, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

function askOnce(connection: Connection, request: string): Promise<Reply> {
  return new Promise((resolve) => connection.ask(request, resolve));
}

/** Everybody asks the same; who is not answered in a minute counts as broken. */
export async function askTogether(
  { connections }: Clients,
  request: string,
  signal: AbortSignal,
): Promise<HerdReplies> {
  const replies: Reply[] = [];
  const { promise: everybody, resolve } = Promise.withResolvers<void>();
  const onReply = (reply: Reply) => {
    if (replies.push(reply) === connections.length) resolve();
  };
  const beganMs = performance.now();
  for (const [index, connection] of connections.entries()) {
    connection.ask(request, onReply);
    if (index % SENT_AT_ONCE === SENT_AT_ONCE - 1) await nextTurn();
  }
  await isDoneInTime(everybody, signal);
  const lost = connections.length - replies.length;
  const never: Reply = { status: 0, body: '', atMs: Number.POSITIVE_INFINITY };
  return { beganMs, replies: [...replies, ...Array.from({ length: lost }, () => never)] };
}

/** Everybody asks again as soon as they are answered, until time is up or it is over. */
export async function askInTurn(
  { connections }: Pick<Clients, 'connections'>,
  { request, lengthMs, isOver }: TurnsPlan,
  signal: AbortSignal,
): Promise<Sample[]> {
  const samples: Sample[] = [];
  const endMs = performance.now() + lengthMs;
  let isDone = false;
  const repeat = async (connection: Connection) => {
    while (!isDone && performance.now() < endMs) {
      const sentMs = performance.now();
      const reply = await askOnce(connection, request);
      samples.push({ reply, latencyMs: reply.atMs - sentMs });
      isDone ||= isOver(reply);
    }
  };
  if (!(await isDoneInTime(Promise.all(connections.map(repeat)), signal))) {
    throw new Error('a request was not answered in time');
  }
  return samples;
}

/** Rejects on abort, and when `work` does. */
async function isDoneInTime(work: Promise<unknown>, signal: AbortSignal): Promise<boolean> {
  signal.throwIfAborted();
  const { promise: given, resolve: giveUp, reject } = Promise.withResolvers<false>();
  const timer = setTimeout(giveUp, DEADLINE_MS, false);
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    return await Promise.race([work.then(() => true), given]);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener('abort', stop);
  }
}
