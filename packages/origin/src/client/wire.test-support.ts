import type { TestContext } from 'node:test';
import type { CallOptions, PartnerResult } from './call-options.ts';
import { createClient, type PartnerClient } from './partner-client.ts';
import type { PartnerClientOptions } from './partner-options.ts';
import type {
  AnswerSink,
  Transport,
  TransportFailure,
  TransportOptions,
  WireRequest,
} from './transport.ts';

/** An attempt that a test answers, fails, or leaves alone. */
export class SentAttempt {
  readonly request: WireRequest;
  readonly host: string;
  isAborted = false;
  isOver = false;
  readonly #sink: AnswerSink;

  constructor(request: WireRequest, host: string, sink: AnswerSink) {
    this.request = request;
    this.host = host;
    this.#sink = sink;
  }

  get isOpen(): boolean {
    return !this.isOver && !this.isAborted;
  }

  answer(status = 200, body: unknown = {}, fields: Readonly<Record<string, string>> = {}): void {
    if (!this.isOpen) return;
    const header = (name: string) => fields[name];
    this.#sink.onHead(status, header);
    this.isOver = true;
    this.#sink.onAnswer({ status, header, body: Buffer.from(JSON.stringify(body)) });
  }

  fail(kind: TransportFailure['kind'] = 'broken', wasAnythingSent = kind !== 'connect'): void {
    if (!this.isOpen) return;
    this.isOver = true;
    this.#sink.onFailure({ kind, wasAnythingSent, message: 'the test said so' });
  }

  /** The value of a field that was sent. */
  field(name: string): string | undefined {
    const lines = this.request.fields.split('\r\n');
    return lines.find((line) => line.startsWith(`${name}: `))?.slice(name.length + 2);
  }
}

/** Wires that end nowhere: what is sent is in `sent`, in order. */
export class FakeWire {
  readonly sent: SentAttempt[] = [];
  readonly transports: TransportOptions[] = [];
  closed = 0;

  get open(): SentAttempt[] {
    return this.sent.filter((one) => one.isOpen);
  }

  createTransport = (options: TransportOptions): Transport => {
    this.transports.push(options);
    return {
      send: (request, sink) => {
        const attempt = new SentAttempt(request, options.url.host, sink);
        this.sent.push(attempt);
        return {
          abort: () => {
            if (attempt.isOpen) attempt.isAborted = true;
          },
        };
      },
      close: async () => {
        this.closed += 1;
        for (const attempt of this.open) attempt.fail('broken');
      },
    };
  };
}

/** A client over wires of the test's, in time and chance of the test's. */
export interface Setup {
  readonly client: PartnerClient;
  readonly wire: FakeWire;
  /** Lets time pass, and what is due happen. */
  pass(ms: number): void;
  get<T = unknown>(path: string, options?: CallOptions<T>): Promise<PartnerResult<T>>;
}

/** Sets a client up; its timers are mocked until the end of the test. */
export function setUp(t: TestContext, options: Partial<PartnerClientOptions> = {}): Setup {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  const setup = setUpWithin(t.mock.timers, options);
  t.after(() => setup.client.close());
  return setup;
}

/** The same for several in one test, which has enabled `timers` and resets them. */
export function setUpWithin(
  timers: { tick(ms: number): void },
  options: Partial<PartnerClientOptions> = {},
  random: () => number = () => 0.5,
): Setup {
  const wire = new FakeWire();
  let nowMs = 1_000;
  const client = createClient(
    { name: 'partner', upstreams: 'http://one', timeoutMs: 1_000, ...options },
    { createTransport: wire.createTransport, now: () => nowMs, random },
  );
  return {
    client,
    wire,
    pass(ms) {
      // Step by step, so that the clock says what the timers do.
      for (let left = ms; left > 0; left -= 1) {
        nowMs += Math.min(1, left);
        timers.tick(Math.min(1, left));
      }
    },
    get: (path, call) => client.get(path.split('/').slice(1), call),
  };
}

/** The kind of a result's failure, or `ok`. */
export async function kindOf(result: Promise<PartnerResult<unknown>>): Promise<string> {
  const settled = await result;
  return settled.ok ? 'ok' : settled.failure.kind;
}
