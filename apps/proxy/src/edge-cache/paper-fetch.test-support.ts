/** Requests to upstreams on paper, that answer as the test says. */
import assert from 'node:assert/strict';
import type { FieldLines } from '@headgate/http1';
import type { Cancellable, Carrier } from '../carrier.ts';
import { type Failure, failure, statusOf } from '../errors.ts';
import { FakeConnection } from '../exchange.test-support.ts';
import type { PreparedRequest } from '../exchange.ts';
import type { RequestRecord } from '../request.ts';
import type { ServiceRuntime, UpstreamRuntime } from '../snapshot.ts';

/** A request the cache has made to an upstream. */
export class PaperFetch {
  readonly record: RequestRecord;
  readonly request: PreparedRequest;
  readonly upstream = new FakeConnection();
  isOver = false;
  readonly #carrier: Carrier;

  constructor(record: RequestRecord, request: PreparedRequest, carrier: Carrier) {
    this.#carrier = carrier;
    this.record = record;
    this.request = request;
    const connections = {
      take: (taker: { connected(connection: FakeConnection): void }) =>
        taker.connected(this.upstream),
      forget() {},
      dropIdle() {},
    };
    const service = { exchangeTimeouts: { firstByteMs: 1_000, idleMs: 1_000 } } as ServiceRuntime;
    let attempt: Cancellable | undefined;
    carrier.attend({ cancel: (kind, detail) => attempt?.cancel(kind, detail) });
    const order = {
      request,
      upstream: { connections } as unknown as UpstreamRuntime,
      service,
      requestLines: '' as FieldLines,
      answerLines: request.idLine,
    };
    attempt = carrier.attempt(order, {
      answered: () => true,
      settled: (outcome) => {
        if (outcome.kind === 'answered') record.status = outcome.status;
        this.#end(outcome.kind === 'answered' ? undefined : outcome);
      },
    });
  }

  get isPaused(): boolean {
    return this.upstream.isPaused;
  }

  /** A head, with what else comes in the same read. */
  head(status: number, lines: readonly string[], body = ''): void {
    const text = [`HTTP/1.1 ${status} Status`, ...lines, '', body].join('\r\n');
    this.upstream.receive(text);
  }

  /** A whole answer of a known length. */
  answer(status: number, lines: readonly string[], body = ''): void {
    this.head(status, [...lines, `Content-Length: ${body.length}`], body);
  }

  chunk(text: string): void {
    this.upstream.receive(`${text.length.toString(16)}\r\n${text}\r\n`);
  }

  lastChunk(): void {
    this.upstream.receive('0\r\n\r\n');
  }

  fail(): void {
    this.upstream.break();
  }

  /** It waits for an upstream, and is sent away instead. */
  shed(retryAfterSeconds: number): void {
    this.#end(failure('overloaded', 'all upstreams are busy', retryAfterSeconds));
  }

  #end(problem: Failure | undefined): void {
    assert.equal(this.isOver, false);
    this.isOver = true;
    if (problem) {
      this.record.failure = problem;
      this.record.status = statusOf(problem.kind);
    }
    this.#carrier.finished();
  }
}
