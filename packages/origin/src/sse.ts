// Owns streams of server-sent events (WHATWG HTML §9.2): kept alive, never faster than their
// reader, and ended in a way that brings readers back.
import type { UnderlyingDefaultSource } from 'node:stream/web';
import type { Context } from 'hono';
import { breakOff } from './break-off.ts';
import type { OriginEnv } from './request-scope.ts';

/** One event. */
export interface ServerSentEvent {
  /** Text as it is; anything else as JSON. */
  readonly data?: unknown;
  /** Which listeners it is for; without it, those of `message`. */
  readonly event?: string;
  /** Where the stream is: a reader that comes back tells the last one it got. */
  readonly id?: string;
  /** Milliseconds a reader waits before it comes back. */
  readonly retry?: number;
}

/**
 * What happens, from now on. `signal` aborts when the reader has left or the process is about to.
 * `lastEventId` is where a reader that comes back has got to.
 */
export type EventsOf = (
  signal: AbortSignal,
  lastEventId: string | undefined,
) => AsyncIterable<ServerSentEvent>;

/** How a stream of events is sent. */
export interface SseOptions {
  /** Milliseconds of silence after which a comment is sent, so that nothing on the way gives up. Default 15 000. */
  readonly keepAliveMs?: number;
  /** Milliseconds after which the stream ends, as if the process left. Default: it does not. */
  readonly deadlineMs?: number;
  /** From 0 to 1: spreads the readers that come back. */
  readonly random?: () => number;
}

const headers = {
  'content-type': 'text/event-stream',
  'cache-control': 'no-cache, no-transform',
  'x-accel-buffering': 'no',
};

/**
 * Answers with events: `sse(c, async function* (signal, lastEventId) { yield { data } })`. The next
 * event is asked for when the one before is on its way. When the process drains, readers are told
 * to come back within three seconds and the stream ends; an error of `events` cuts it.
 */
export function sse(c: Context<OriginEnv>, events: EventsOf, options: SseOptions = {}): Response {
  return c.body(new ReadableStream(new EventStream(c, events, options), { highWaterMark: 0 }), {
    headers,
  });
}

const encoder = new TextEncoder();
const keepAlive = encoder.encode(': keep-alive\n\n');

/** The stream of one reader. Nothing is started before it is read: a HEAD request never does. */
class EventStream implements UnderlyingDefaultSource<Uint8Array> {
  readonly #c: Context<OriginEnv>;
  readonly #events: EventsOf;
  readonly #keepAliveMs: number;
  readonly #deadlineMs: number;
  readonly #random: () => number;
  readonly #ended = new AbortController();
  #iterator: AsyncIterator<ServerSentEvent> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #leave: (() => void) | undefined;

  constructor(c: Context<OriginEnv>, events: EventsOf, options: SseOptions) {
    const { keepAliveMs = 15_000, deadlineMs = Number.POSITIVE_INFINITY } = options;
    this.#c = c;
    this.#events = events;
    this.#keepAliveMs = keepAliveMs;
    this.#deadlineMs = deadlineMs;
    this.#random = options.random ?? Math.random;
  }

  async pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    try {
      this.#iterator ??= this.#begin(controller);
      const { done, value } = await this.#iterator.next();
      if (this.#ended.signal.aborted) return;
      if (done === true) {
        this.#end();
        controller.close();
      } else this.#send(controller, encoder.encode(eventText(value)));
    } catch (error) {
      if (this.#ended.signal.aborted) return;
      this.#end();
      breakOff(this.#c, controller, error);
    }
  }

  cancel(): void {
    this.#end();
  }

  #begin(controller: ReadableStreamDefaultController<Uint8Array>): AsyncIterator<ServerSentEvent> {
    const { scope } = this.#c.env;
    scope.deadline.raise(this.#deadlineMs);
    const { signal, draining } = scope;
    const leave = () => {
      const waitMs = 500 + Math.floor(this.#random() * 2500);
      controller.enqueue(encoder.encode(`retry: ${waitMs}\n\n`));
      this.#end();
      controller.close();
    };
    this.#leave = leave;
    for (const each of [signal, draining]) each.addEventListener('abort', leave, { once: true });
    this.#timer = setTimeout(() => {
      // One at most waits for a reader that does not keep up.
      if (controller.desiredSize === 0) controller.enqueue(keepAlive);
      this.#timer?.refresh();
    }, this.#keepAliveMs);
    if (signal.aborted || draining.aborted) queueMicrotask(leave);
    const lastEventId = this.#c.req.header('last-event-id');
    return this.#events(this.#ended.signal, lastEventId)[Symbol.asyncIterator]();
  }

  #send(controller: ReadableStreamDefaultController<Uint8Array>, bytes: Uint8Array): void {
    this.#timer?.refresh();
    controller.enqueue(bytes);
  }

  /** Stops everything; what `events` still does or fails at is of no interest any more. */
  #end(): void {
    if (this.#ended.signal.aborted) return;
    clearTimeout(this.#timer);
    if (this.#leave !== undefined) {
      const { signal, draining } = this.#c.env.scope;
      for (const each of [signal, draining]) each.removeEventListener('abort', this.#leave);
    }
    this.#ended.abort();
    this.#iterator?.return?.().catch(() => {});
  }
}

function eventText({ event, id, retry, data }: ServerSentEvent): string {
  let text = '';
  if (event !== undefined) text += `event: ${oneLine(event, 'event')}\n`;
  if (id !== undefined) text += `id: ${oneLine(id, 'id')}\n`;
  if (retry !== undefined) text += `retry: ${Math.max(0, Math.round(retry))}\n`;
  if (data !== undefined) {
    const whole = typeof data === 'string' ? data : JSON.stringify(data);
    for (const line of whole.split(/\r\n|\r|\n/)) text += `data: ${line}\n`;
  }
  return `${text}\n`;
}

function oneLine(value: string, name: string): string {
  if (!/[\r\n\0]/.test(value)) return value;
  throw new TypeError(`the ${name} of a server-sent event must be one line without NUL`);
}
