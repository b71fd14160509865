/** A client connection over a real socket, whose requests are answered by the test. */
import { once } from 'node:events';
import type { Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { DEFAULT_LIMITS, type FieldLines, RequestParser } from '@headgate/http1';
import { type Clock, createClock } from '../clock.test-support.ts';
import { errorPage, failure, type Outcome } from '../errors.ts';
import { FakeConnection } from '../exchange.test-support.ts';
import { Peer } from '../forwarded.ts';
import { ParserPool } from '../parser-pool.ts';
import type { ServiceRuntime, UpstreamRuntime } from '../snapshot.ts';
import { openPair, receive } from '../socket-pair.test-support.ts';
import type { Http1Carrier } from './carrier.ts';
import { ClientConnection, type ClientHost } from './client-connection.ts';
import type { ClientSettings } from './client-settings.ts';

export const KEEP_ALIVE_MS = 75_000;
export const POST = 'POST /up HTTP/1.1\r\nHost: a\r\nContent-Length: 8\r\n\r\n';

export function get(target: string): string {
  return `GET ${target} HTTP/1.1\r\nHost: a\r\n\r\n`;
}

/** A request that has come, and its answer when the test wants it. */
class Served {
  readonly target: string;
  readonly carrier: Http1Carrier;
  readonly upstream = new FakeConnection();
  readonly outcomes: Outcome[] = [];

  constructor(target: string, carrier: Http1Carrier) {
    this.target = target;
    this.carrier = carrier;
  }

  /** Answers with a page, as an edge does that asks no upstream. */
  answer(): void {
    this.carrier.refuse(errorPage(failure('no-route', `no ${this.target}`), 'id-1'));
    this.carrier.finished();
  }

  /** Asks an upstream, which answers what the test has it answer. */
  forward(framing: number | 'none'): void {
    const connections = {
      take: (taker: { connected(connection: FakeConnection): void }) =>
        taker.connected(this.upstream),
      forget() {},
      dropIdle() {},
    };
    const request = {
      id: 'id-1',
      idLine: 'x-request-id: id-1\r\n' as FieldLines,
      method: framing === 'none' ? 'GET' : 'POST',
      target: this.target,
      lines: '' as FieldLines,
      framing,
      body: this.carrier.body,
    };
    const order = {
      request,
      upstream: { connections } as unknown as UpstreamRuntime,
      service: { exchangeTimeouts: { firstByteMs: 1_000, idleMs: 1_000 } } as ServiceRuntime,
      requestLines: '' as FieldLines,
      answerLines: request.idLine,
    };
    const attempt = this.carrier.attempt(order, {
      answered: () => true,
      settled: (outcome) => {
        this.outcomes.push(outcome);
        this.carrier.finished();
      },
    });
    this.carrier.attend(attempt);
  }
}

type Rested = (connection: ClientConnection) => void;

/** What a worker does for the connections it has, and what has come of them so far. */
export function createWorker(clock: Clock, settings: ClientSettings, rested?: Rested) {
  const served: Served[] = [];
  const tunnels: { socket: Socket; rest: string }[] = [];
  let closed = 0;
  const host: ClientHost = {
    timers: clock.timers,
    now: clock.now,
    serve: (head, carrier) => served.push(new Served(head.target, carrier)),
    tunnel: (_head, _peer, tunnel, rest) => tunnels.push({ socket: tunnel, rest: rest.toString() }),
    pageFor: (problem) => errorPage(problem, 'id-1'),
    closed: () => closed++,
    ...(rested && { rested }),
  };
  return {
    served,
    tunnels,
    closed: () => closed,
    targets: () => served.map(({ target }) => target),
    serve: (socket: Socket, isReused = false) =>
      new ClientConnection(socket, new Peer('127.0.0.1', 'http'), settings, host, isReused),
  };
}

function settingsWith(changes: Partial<ClientSettings>): ClientSettings {
  return {
    limits: DEFAULT_LIMITS,
    parsers: new ParserPool(() => new RequestParser()),
    pipelinedBytes: 1_024,
    headTimeoutMs: 10_000,
    keepAliveMs: KEEP_ALIVE_MS,
    stallMs: 300_000,
    upload: { idleMs: 30_000, bytesPerSecond: 0, maxSizeBytes: 1_000 },
    ...changes,
  };
}

/** A connection of a client, and what has come of it so far. */
export async function createBench(
  t: TestContext,
  changes: Partial<ClientSettings> = {},
  { rested, path }: { rested?: Rested; path?: string } = {},
) {
  const clock = createClock(t);
  const settings = settingsWith(changes);
  const { serve, ...worker } = createWorker(clock, settings, rested);
  const accept = (socket: Socket) => {
    const connection = serve(socket);
    t.after(() => connection.destroy());
    return connection;
  };
  const { near, far } = await openPair(t, accept, path);
  far.on('error', () => {});
  const received = receive(far);
  return {
    ...worker,
    clock,
    settings,
    connection: near,
    far,
    received,
    /** Sends `text`, and waits until it has been read. */
    async send(text: string): Promise<void> {
      await new Promise<void>((resolve) => far.write(text, () => resolve()));
      await turns();
    },
    /** Everything the client has got when its connection has ended. */
    async ended(): Promise<string> {
      if (!far.readableEnded && !far.closed) {
        await Promise.race([once(far, 'end'), once(far, 'close')]);
      }
      return received.bytes.toString('latin1');
    },
  };
}

/** Long enough for everything that was sent to be read. */
export async function turns(): Promise<void> {
  for (let i = 0; i < 5; i++) await turn();
}

export function statusLines(text: string): string[] {
  return text.match(/HTTP\/1\.1 \d{3}/g) ?? [];
}
