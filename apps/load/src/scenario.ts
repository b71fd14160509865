/** What a scenario file says: the public types, and the function that types them. */
import type { LoadProfile } from './profile.ts';

export interface Scenario<Data = unknown, User = unknown> {
  /** Base URL; paths of requests are relative to it. The command line can replace it. */
  readonly target: string;
  /** Open model: requests arrive at this rate whatever the system under test does. */
  readonly arrivals?: LoadProfile;
  /** Poisson (the default) or evenly spaced arrivals. */
  readonly spacing?: 'poisson' | 'even';
  /** Closed model: this many users, each starting again when its flow has ended. */
  readonly users?: number | LoadProfile;
  /** Pause of a user between two flows: fixed, or evenly distributed; none by default. */
  readonly thinkTime?: string | readonly [from: string, to: string];
  /** Length of the run; not needed when the load profile has one. */
  readonly duration?: string;
  /** Time limit of each request; 10s by default. */
  readonly timeout?: string;
  /** In flight at most; arrivals beyond are dropped, and counted. */
  readonly maxInFlight?: number;
  /** Sent with every request. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Runs once, before the load; what it returns is given to every flow, as a copy. */
  setup?(context: SetupContext): Data | Promise<Data>;
  /** Runs once, after the load, whatever became of it. */
  teardown?(context: SetupContext & { readonly data: Data }): void | Promise<void>;
  /** State of each user (closed model), or of each arrival (open model). */
  user?(context: { readonly data: Data; readonly index: number; readonly random: Random }): User;
  readonly flows: Readonly<Record<string, Flow<Data, User>>>;
  /** `p99 < 200ms`, `errors < 0.1%`, `checkout: p95 < 1s`, `dropped == 0`. */
  readonly thresholds?: readonly string[];
}

/** Evenly distributed in [0, 1); seeded. */
export type Random = () => number;

export interface SetupContext {
  readonly http: Http;
  readonly signal: AbortSignal;
}

/**
 * Either one request, sent over raw sockets at the least cost, or a function that makes as many
 * requests as it likes.
 */
export type Flow<Data = unknown, User = unknown> = {
  /** How often it is chosen, beside the others; 1 by default. */
  readonly weight?: number;
} & (PlainFlow<Data, User> | ScriptedFlow<Data, User>);

export interface PlainFlow<Data = unknown, User = unknown> {
  /** The same request every time, or one made for each arrival. */
  readonly request:
    | PlainRequest
    | ((context: {
        readonly data: Data;
        readonly user: User;
        readonly random: Random;
      }) => PlainRequest);
  /** Statuses that are no failure; 200 to 399 by default. */
  readonly expect?: StatusExpectation;
  /** `new`: a connection for each request. */
  readonly connection?: 'keep-alive' | 'new';
  /** Clients on slow lines, which send and read so many bytes per second. */
  readonly slowBytesPerS?: number;
}

export interface PlainRequest {
  readonly path: string;
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface ScriptedFlow<Data = unknown, User = unknown> {
  run(context: FlowContext<Data, User>): Promise<void>;
}

export type StatusExpectation = number | readonly number[] | ((status: number) => boolean);

export interface FlowContext<Data = unknown, User = unknown> {
  readonly data: Data;
  readonly user: User;
  readonly random: Random;
  readonly http: Http;
  /** Aborted when the run is over and its grace has passed. */
  readonly signal: AbortSignal;
  /** Pauses; the time counts neither for the flow nor for its steps. */
  think(duration: string | readonly [from: string, to: string]): Promise<void>;
  /** Fails the flow, as a failure of kind `check`, unless `condition` holds. */
  check(condition: unknown, message: string): void;
  /** A WebSocket to `path`; closed when the flow ends. */
  websocket(path: string, options?: StreamOptions): Promise<WebSocketUser>;
  /** Server-sent events from `path`; ended when the flow ends. */
  events(path: string, options?: StreamOptions): Promise<EventsUser>;
}

export interface HttpOptions {
  /** The name of the step in the results; `GET /path` (without the query) by default. */
  readonly name?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON, with its content type, unless it is a string or bytes. */
  readonly body?: unknown;
  readonly expect?: StatusExpectation;
  readonly timeout?: string;
}

/** Requests of a flow: each is measured as a step; a failed one throws a `RequestFailure`. */
export interface Http {
  get(path: string, options?: Omit<HttpOptions, 'body'>): Promise<HttpAnswer>;
  post(path: string, options?: HttpOptions): Promise<HttpAnswer>;
  put(path: string, options?: HttpOptions): Promise<HttpAnswer>;
  patch(path: string, options?: HttpOptions): Promise<HttpAnswer>;
  delete(path: string, options?: HttpOptions): Promise<HttpAnswer>;
  request(method: string, path: string, options?: HttpOptions): Promise<HttpAnswer>;
}

/** An answer, read to its end. */
export interface HttpAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly bytes: Buffer;
  text(): string;
  /** Throws a `RequestFailure` of kind `check` when the body is no JSON. */
  json<T = unknown>(): T;
}

export interface StreamOptions {
  readonly name?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly timeout?: string;
}

export interface WebSocketUser {
  send(message: string | Buffer): void;
  /** The next message, in order. */
  receive(options?: { readonly timeout?: string }): Promise<string | Buffer>;
  /** Sends, and measures as a step of its own until the next message (that `accept` takes) comes. */
  roundTrip(
    message: string | Buffer,
    options?: {
      readonly name?: string;
      readonly timeout?: string;
      accept?(message: string | Buffer): boolean;
    },
  ): Promise<string | Buffer>;
  close(): Promise<void>;
}

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string | undefined;
}

export interface EventsUser extends AsyncIterable<ServerEvent> {
  /** The next event, measured as a step of its own: how long it was waited for. */
  next(options?: { readonly name?: string; readonly timeout?: string }): Promise<ServerEvent>;
  close(): void;
}

/**
 * Types a scenario: `export const scenario = defineScenario({ ... })`. The types of data and user
 * follow from what `setup` and `user` return.
 */
export function defineScenario<Data = undefined, User = undefined>(
  scenario: Scenario<Data, User>,
): Scenario<Data, User> {
  return scenario;
}
