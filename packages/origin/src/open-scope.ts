// Owns the life of one request, from its arrival to the last byte of its answer. What not every
// handler asks for is made when it is asked for.
import { randomBytes } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import {
  childTrace,
  createRandomHex,
  createRequestIds,
  isValidRequestId,
  type Logger,
  newTrace,
  parseTraceparent,
  type TraceContext,
} from '@headgate/telemetry';
import { getPath } from 'hono/utils/url';
import type { Background, BackgroundTask } from './background.ts';
import {
  clientGone,
  createDeadline,
  type Deadline,
  deadlineHeader,
  parseDeadline,
} from './deadline.ts';
import type { Lifecycle } from './lifecycle.ts';
import type { HttpProblem } from './problem.ts';
import type { RequestScope } from './request-scope.ts';

/** What the scopes of an origin have in common. */
export interface ScopeDeps {
  /** Budget of a request in milliseconds, unless its route raises it. */
  readonly deadlineMs: number;
  readonly lifecycle: Lifecycle;
  readonly logger: Logger;
  readonly background: Background;
  /** Called after the last byte. */
  readonly onEnd: (end: ScopeEnd) => void;
}

/** How a request ended. */
export interface ScopeEnd {
  readonly scope: OpenScope;
  /** 499 when the client left before there was an answer. */
  readonly status: number;
  /** From arrival to the last byte. */
  readonly durationMs: number;
  /** `answered`, `client-gone`, `broken-off`, or the kind of the problem that was answered. */
  readonly outcome: string;
  /** Bytes of the body; undefined where nobody counts them. */
  readonly sentBytes: number | undefined;
}

/**
 * What became of an answer: its last byte is out, its client left before, or this origin could not
 * finish what it had begun.
 */
export type AnswerEnd = 'answered' | 'client-gone' | 'broken-off';

/** Seen in logs and metrics only. */
const clientGoneStatus = 499;

const ids = createRequestIds(randomBytes);
const randomHex = createRandomHex(randomBytes);

/** The scope of a request that is being answered; `end` closes it. */
export class OpenScope implements RequestScope {
  readonly request: Request;
  /** The kind of the problem that is the answer. */
  problemKind: string | undefined;
  /** Address of who has sent the request, which may be an edge; where somebody logs it. */
  peer: string | undefined;
  readonly #deps: ScopeDeps;
  readonly #incoming: IncomingMessage | undefined;
  readonly #arrivedAtMs = performance.now();
  #requestId: string | undefined;
  #trace: TraceContext | undefined;
  #deadline: Deadline | undefined;
  #tasks: (() => void)[] | undefined;
  #path: string | undefined;
  #isClientGone = false;
  #isOver = false;

  /** @param incoming undefined in `app.request()`, where no socket is involved */
  constructor(deps: ScopeDeps, request: Request, incoming: IncomingMessage | undefined) {
    this.#deps = deps;
    this.request = request;
    this.#incoming = incoming;
    deps.lifecycle.begin();
  }

  get requestId(): string {
    if (this.#requestId === undefined) {
      const given = this.#field('x-request-id');
      this.#requestId = given !== undefined && isValidRequestId(given) ? given : ids.next();
    }
    return this.#requestId;
  }

  get trace(): TraceContext {
    if (this.#trace === undefined) {
      const caller = parseTraceparent(this.#field('traceparent'));
      this.#trace = caller ? childTrace(caller, randomHex) : newTrace(randomHex);
    }
    return this.#trace;
  }

  get deadline(): Deadline {
    if (this.#deadline === undefined) {
      this.#deadline = createDeadline({
        arrivedAtMs: this.#arrivedAtMs,
        budgetMs: this.#deps.deadlineMs,
        callerBudgetMs: parseDeadline(this.#field(deadlineHeader)),
        // A response on the wire tells by its end, which costs less than the signal of its request.
        client: this.#incoming === undefined ? this.request.signal : undefined,
      });
      if (this.#isClientGone) this.#deadline.leave();
      if (this.#isOver) this.#deadline.end();
    }
    return this.#deadline;
  }

  get signal(): AbortSignal {
    return this.deadline.signal;
  }

  get draining(): AbortSignal {
    return this.#deps.lifecycle.draining;
  }

  get logger(): Logger {
    return this.#deps.logger;
  }

  background(name: string, task: BackgroundTask): void {
    const start = this.#deps.background.accept(name, this.requestId, task);
    if (this.#isOver) start();
    else if (this.#tasks === undefined) this.#tasks = [start];
    else this.#tasks.push(start);
  }

  /** Why the work for this request was cancelled; undefined when it was not. */
  get endedBy(): HttpProblem | undefined {
    return this.#deadline?.endedBy ?? (this.#isClientGone ? clientGone() : undefined);
  }

  /** The path the routes are matched with. */
  get path(): string {
    if (this.#path === undefined) this.#path = getPath(this.request);
    return this.#path;
  }

  /** The path as it was sent, without the query, which may have secrets. */
  get sentPath(): string {
    const target = this.#incoming?.url ?? this.path;
    const end = target.indexOf('?');
    return end === -1 ? target : target.slice(0, end);
  }

  /** Whom the request is said to come from; anybody can say that. */
  get forwardedFor(): string | undefined {
    return this.#field('x-forwarded-for');
  }

  /** Requests in flight in this process, this one included. */
  get load(): number {
    return this.#deps.lifecycle.inFlight;
  }

  /** Whether the connection is to be closed after the answer; asked once for each. */
  closesConnection(): boolean {
    return this.#deps.lifecycle.closesConnection();
  }

  /**
   * The request is over.
   * @param status undefined when there was no answer yet
   */
  end(status: number | undefined, how: AnswerEnd, sentBytes?: number): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Of an answer that broke off nobody gets the rest either.
    const isClientGone = how !== 'answered';
    this.#isClientGone = isClientGone;
    const { lifecycle, onEnd } = this.#deps;
    lifecycle.end();
    onEnd({
      scope: this,
      status: status ?? clientGoneStatus,
      durationMs: performance.now() - this.#arrivedAtMs,
      outcome: isClientGone ? how : (this.problemKind ?? how),
      sentBytes,
    });
    if (this.#deadline !== undefined) {
      this.#deadline.end();
      if (isClientGone) this.#deadline.leave();
    }
    if (this.#tasks !== undefined) for (const start of this.#tasks) start();
  }

  #field(name: string): string | undefined {
    if (this.#incoming === undefined) return this.request.headers.get(name) ?? undefined;
    // All that are asked for here are joined by Node when they come twice.
    return this.#incoming.headers[name] as string | undefined;
  }
}
