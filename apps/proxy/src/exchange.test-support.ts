/** An attempt with everything around it on paper: its connection, the client and its body. */
import assert from 'node:assert/strict';
import { type FieldLines, type ResponseHead, ResponseParser } from '@headgate/http1';
import type { AttemptOrder } from './carrier.ts';
import type { Connections } from './connections.ts';
import type { Outcome } from './errors.ts';
import {
  Attempt,
  type BodyTaker,
  type Downstream,
  type PreparedRequest,
  type RequestBody,
} from './exchange.ts';
import { fieldValue } from './headers.ts';
import type { ServiceRuntime, UpstreamRuntime } from './snapshot.ts';
import type { UpstreamConnection } from './upstream-connection.ts';

export const TIMEOUTS = { firstByteMs: 3_000, idleMs: 6_000 };
export const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
export const HALF = 'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf';

/** A connection without a socket: what was sent on it, and whatever the test has come back. */
export class FakeConnection {
  isReused = false;
  isPaused = false;
  isDestroyed = false;
  /** Given back, so that another attempt may have it. */
  isFree = false;
  /** The upstream does not take any more. */
  isFull = false;
  deadlineMs: number | undefined;
  sent = '';
  #unsent = '';
  #carried: Attempt | undefined;
  readonly #parser = new ResponseParser();

  readonly outbox = {
    addText: (text: string) => {
      this.#unsent += text;
    },
    addBytes: (bytes: Buffer, from: number, to: number) => {
      this.#unsent += bytes.toString('latin1', from, to);
    },
    flush: () => {
      this.sent += this.#unsent;
      this.#unsent = '';
      return !this.isFull;
    },
  };

  carry(carried: Attempt, method: string): void {
    this.#carried = carried;
    this.deadlineMs = undefined;
    this.#parser.expect(method);
  }

  get hasAnswerBegun(): boolean {
    return this.#parser.hasBegun;
  }

  setDeadline(delayMs: number): void {
    this.deadlineMs = delayMs;
  }

  clearDeadline(): void {
    this.deadlineMs = undefined;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  destroy(): void {
    this.isDestroyed = true;
    this.#carried = undefined;
  }

  /** One read. */
  receive(text: string): void {
    const carried = this.#carried;
    if (!carried || this.isPaused) return;
    const bytes = Buffer.from(text, 'latin1');
    const at = this.#parser.execute(bytes, 0, bytes.length, carried);
    if (this.#carried !== carried) return;
    if (carried.isComplete) this.#answered(carried, at === bytes.length);
    else carried.readEnded();
  }

  /** The upstream sends no more. */
  end(): void {
    const carried = this.#carried;
    if (!carried) return;
    this.#parser.finish(carried);
    if (this.#carried === carried && carried.isComplete) this.#answered(carried, false);
    this.destroy();
  }

  drain(): void {
    this.isFull = false;
    this.#carried?.drained();
  }

  /** The deadline passes that is set, if one is. */
  expire(): void {
    if (this.deadlineMs !== undefined) this.#carried?.timedOut();
  }

  break(): void {
    const carried = this.#carried;
    if (!carried) return;
    this.destroy();
    carried.broken(new Error('ECONNRESET'));
  }

  #answered(carried: Attempt, isClean: boolean): void {
    this.#carried = undefined;
    if (isClean && carried.canReuse) this.isFree = true;
    else this.isDestroyed = true;
    carried.finished();
  }
}

/** A client's body: what comes is what the test lets come. */
export class FakeBody implements RequestBody {
  isStarted = false;
  isPaused = false;
  isAbandoned = false;
  #taker: BodyTaker | undefined;

  pourInto(taker: BodyTaker): void {
    assert.equal(this.isStarted, false, 'poured twice');
    this.isStarted = true;
    this.#taker = taker;
    taker.uploadRead();
  }

  abandon(): void {
    this.isAbandoned = true;
    this.#taker = undefined;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  /** One read. */
  come(text: string): void {
    const bytes = Buffer.from(text);
    this.#taker?.upload(bytes, 0, bytes.length);
    this.#taker?.uploadRead();
  }

  end(trailers?: FieldLines): void {
    const taker = this.#taker;
    this.#taker = undefined;
    taker?.uploadEnded(trailers);
    taker?.uploadRead();
  }
}

/** A client on paper. */
export class FakeClient implements Downstream {
  /** It does not take any more. */
  isBehind = false;
  flushes = 0;
  readonly told: string[] = [];

  interim(head: ResponseHead): void {
    this.told.push(`interim ${head.status}`);
  }

  head(head: ResponseHead): void {
    this.told.push(`head ${head.status}`);
  }

  answer(bytes: Buffer, from: number, to: number): void {
    this.told.push(bytes.toString('latin1', from, to));
  }

  end(trailers: FieldLines | undefined): void {
    this.told.push(`end ${trailers ?? ''}`.trim());
  }

  flush(): boolean {
    this.flushes++;
    return !this.isBehind;
  }

  breakOff(): void {
    this.told.push('broken off');
  }
}

/** An attempt, and everything around it. */
export function createBench(given: { body?: FakeBody; framing?: number | 'chunked' } = {}) {
  const { body, framing } = given;
  const connection = new FakeConnection();
  const client = new FakeClient();
  const outcomes: Outcome[] = [];
  const pool = { taken: 0, forgotten: 0, dropped: 0 };
  const connections = {
    take: () => pool.taken++,
    forget: () => pool.forgotten++,
    dropIdle: () => pool.dropped++,
  } as unknown as Connections;
  const request: PreparedRequest = {
    id: 'id-1',
    idLine: 'x-request-id: id-1\r\n' as FieldLines,
    method: body ? 'PUT' : 'GET',
    target: '/',
    lines: 'host: a\r\n' as FieldLines,
    framing: framing ?? (body ? 4 : 'none'),
    body,
  };
  const answers = { areWanted: true, heard: [] as [status: number, load: string | undefined][] };
  const attempt = new Attempt(orderOf(request, connections), client, {
    answered(status, fields) {
      answers.heard.push([status, fields && fieldValue(fields, 'headgate-load')]);
      return answers.areWanted;
    },
    settled: (outcome) => outcomes.push(outcome),
  });
  const connect = () => attempt.connected(connection as unknown as UpstreamConnection);
  const only = (): Outcome => {
    assert.equal(outcomes.length, 1);
    return outcomes[0] as Outcome;
  };
  attempt.start();
  return { attempt, connection, client, pool, outcomes, answers, connect, only };
}

/** An order for an attempt with an upstream that these are the connections of. */
export function orderOf(request: PreparedRequest, connections: Connections): AttemptOrder {
  return {
    request,
    upstream: { connections } as UpstreamRuntime,
    service: { exchangeTimeouts: TIMEOUTS } as ServiceRuntime,
    requestLines: 'headgate-deadline-ms: 7\r\n' as FieldLines,
    answerLines: request.idLine,
  };
}

/** An attempt that has its connection. */
export function createConnected(given: Parameters<typeof createBench>[0] = {}) {
  const bench = createBench(given);
  bench.connect();
  return bench;
}

/** The facts of a failure, without its words. */
export function facts(outcome: Outcome) {
  if (outcome.kind === 'answered') return { kind: outcome.kind, status: outcome.status };
  const { kind, hasResponseStarted, wasAnythingSent } = outcome;
  return { kind, hasResponseStarted, wasAnythingSent };
}
