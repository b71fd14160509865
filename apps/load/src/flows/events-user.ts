/** Server-sent events of a scripted flow, over undici. */
import { createParser, type EventSourceMessage, type ParseError } from 'eventsource-parser';
import type { Dispatcher } from 'undici';
import { RequestFailure } from '../failure.ts';
import type { EventsUser, HttpAnswer, ServerEvent, StreamOptions } from '../scenario.ts';
import { failureOf } from './failure-of.ts';
import { cutFailure, type Due, type FlowScope, takeIntended, withoutQuery } from './flow-scope.ts';
import { MessageQueue, type Releasable, type WaitStep } from './message-queue.ts';
import { Step, type StepOptions } from './step.ts';

/** Characters of an event that is not complete. */
const MAX_EVENT_LENGTH = 16 * 1024 * 1024;

/** Opens a stream of events; the handshake is measured as a step. Rejects with a `RequestFailure`. */
export async function openEvents(
  scope: FlowScope,
  dispatcher: Dispatcher,
  isConnecting: () => boolean,
  due: Due,
  path: string,
  options: StreamOptions = {},
): Promise<Releasable<EventsUser>> {
  const what = `GET ${withoutQuery(path)}`;
  if (scope.isCut) return scope.refuse(what);
  const to = scope.resolve(path);
  const timeoutMs = scope.timeoutOf(options.timeout);
  const headers = { accept: 'text/event-stream', ...scope.headersWith(options.headers) };
  const series = scope.step(options.name ?? what);
  const intendedMs = takeIntended(due, performance.now());
  const stream = new EventStream({ scope, series, what, intendedMs, timeoutMs }, isConnecting);
  dispatcher.dispatch({ origin: to.origin, path: to.path, method: 'GET', headers }, stream);
  await stream.result;
  return stream.user();
}

/** Handed to `dispatch`. The head of the answer settles the step; events arrive until the end. */
class EventStream extends Step<void> implements Dispatcher.DispatchHandler {
  protected override readonly isConnecting: () => boolean;
  readonly #queue = new MessageQueue<ServerEvent>();
  readonly #decoder = new TextDecoder();
  readonly #parser = createParser({
    maxBufferSize: MAX_EVENT_LENGTH,
    onEvent: (event) => this.#arrived(event),
    onError: (error) => this.#parseFailed(error),
  });
  #controller: Dispatcher.DispatchController | undefined;
  /** One of the two sides has ended the stream as it should. */
  #isComplete = false;

  constructor(options: StepOptions, isConnecting: () => boolean) {
    super(options);
    this.isConnecting = isConnecting;
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    if (this.isSettled) {
      controller.abort(new Error('no longer wanted'));
      return;
    }
    this.#controller = controller;
    this.sentMs = performance.now();
  }

  onResponseStarted(): void {
    if (Number.isNaN(this.firstByteMs)) this.firstByteMs = performance.now();
  }

  onResponseStart(
    _controller: Dispatcher.DispatchController,
    status: number,
    headers: HttpAnswer['headers'],
  ): void {
    if (status < 200 || this.isSettled) return;
    const type = String(headers['content-type'] ?? 'nothing');
    if (status !== 200) {
      this.failByStatus(status, '200');
      this.#end(new RequestFailure('status', 'never opened'));
    } else if (!/^text\/event-stream\s*(;|$)/i.test(type)) {
      const message = `${this.options.what} answered with ${type} instead of text/event-stream`;
      this.stop(new RequestFailure('protocol', message));
    } else {
      this.succeed(200, undefined);
      // From here on the stream is what can be cut.
      this.options.scope.underWay.add(this);
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    this.options.scope.recorder.received(chunk.length);
    if (this.#queue.end !== undefined) return;
    this.#parser.feed(this.#decoder.decode(chunk, { stream: true }));
  }

  onResponseEnd(): void {
    this.#isComplete = true;
    this.#end(new RequestFailure('reset', `${this.options.what} was ended by the other side`));
  }

  onResponseError(_controller: unknown, error: Error): void {
    const failure = failureOf(error, this.options.what);
    this.fail(failure);
    this.#end(failure);
  }

  user(): Releasable<EventsUser> {
    const close = () => {
      const { what } = this.options;
      this.#isComplete = true;
      this.#end(new RequestFailure('exception', `${what} was closed by the flow itself`));
    };
    return {
      next: (options = {}) => {
        const { scope } = this.options;
        const { name = 'event', timeout } = options;
        const timeoutMs = timeout === undefined ? this.options.timeoutMs : scope.timeoutOf(timeout);
        const series = scope.step(name);
        return this.#next(timeoutMs, { recorder: scope.recorder, series, status: 'event' });
      },
      close,
      release: close,
      [Symbol.asyncIterator]: () => this.#each(),
    };
  }

  override cut(): void {
    super.cut();
    this.#end(cutFailure(this.options.what));
  }

  protected override abandon(failure: RequestFailure): void {
    this.#end(failure);
  }

  #next(timeoutMs: number, step?: WaitStep): Promise<ServerEvent> {
    const what = `an event of ${this.options.what}`;
    return this.#queue.next({ what, timeoutMs, ...(step && { step }) });
  }

  /** Not measured, for there may be no next one: the end of the stream ends it. */
  async *#each(): AsyncGenerator<ServerEvent> {
    for (;;) {
      let event: ServerEvent;
      try {
        event = await this.#next(Number.POSITIVE_INFINITY);
      } catch (error) {
        if (this.#isComplete) return;
        throw error;
      }
      yield event;
    }
  }

  #arrived({ event = 'message', data, id }: EventSourceMessage): void {
    const isTaken = this.#queue.push({ event, data, id }, data.length);
    if (!isTaken) this.#end(this.#queue.end as RequestFailure);
  }

  #parseFailed({ type }: ParseError): void {
    // What else there may be to complain of is to be ignored (WHATWG HTML 9.2.6).
    if (type !== 'max-buffer-size-exceeded') return;
    const message = `${this.options.what} sent an event of more than 16 MiB`;
    this.#end(new RequestFailure('protocol', message));
  }

  #end(reason: RequestFailure): void {
    this.options.scope.underWay.delete(this);
    this.#queue.fail(reason);
    this.#controller?.abort(reason);
  }
}
