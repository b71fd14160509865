/** What supervisor and worker say to each other, over the channel of the forked process. */

/** Where to listen. */
export type ListenEndpoint =
  | { readonly kind: 'tcp'; readonly host: string; readonly port: number }
  | { readonly kind: 'unix'; readonly path: string };

/** Why a worker is to leave. */
export type DrainReason = 'stop' | 'replace' | 'recycle' | 'scale-down';

export interface DrainOrder {
  readonly reason: DrainReason;
  /** What is still open this long after the order arrives is cut. */
  readonly timeoutMs: number;
  /** Other workers stay: connections at rest may be handed over instead of closed. */
  readonly mayHandOver: boolean;
}

/** What a worker says of itself at every beat. */
export interface WorkerFacts {
  /** Open client connections. */
  readonly connections: number;
  /** Requests served since it started. */
  readonly requests: number;
  readonly inFlight: number;
}

/** What goes along with a connection that is handed over; the worker that gets it reads it. */
export interface HandOverNote {
  /** Key of the listener it was accepted on. */
  readonly listener: string;
  /** False for one that has not carried a request yet. */
  readonly isReused: boolean;
}

export type ToWorker =
  | { readonly type: 'ask'; readonly ask: number; readonly subject: string; readonly body: unknown }
  /** Answers `listen`; the listening handle comes with it. */
  | {
      readonly type: 'listening';
      readonly ask: number;
      readonly endpoint: ListenEndpoint;
    }
  | { readonly type: 'refused'; readonly ask: number; readonly message: string }
  /** Answers `gather`. */
  | {
      readonly type: 'gathered';
      readonly ask: number;
      readonly answers: readonly WorkerAnswer[];
    }
  /** Answers an `ask` of the worker. */
  | { readonly type: 'answered'; readonly ask: number; readonly body: unknown }
  | { readonly type: 'drain'; readonly order: DrainOrder }
  /** How many workers are ready, and how many connections each would have if all had as many. */
  | { readonly type: 'share'; readonly workers: number; readonly connections: number }
  /** A connection comes with it. */
  | { readonly type: 'take'; readonly take: number; readonly note: HandOverNote }
  /** That was the last of them so far; answered with `tallied`. */
  | { readonly type: 'tally'; readonly take: number };

export type ToSupervisor =
  /** The worker's program has been read, and its asks are answered. */
  | { readonly type: 'hello' }
  | { readonly type: 'ready' }
  /** From a timer of the event loop that serves: no beat, no service. */
  | { readonly type: 'beat'; readonly facts: WorkerFacts }
  | {
      readonly type: 'listen';
      readonly ask: number;
      readonly key: string;
      readonly endpoint: ListenEndpoint;
    }
  | { readonly type: 'unlisten'; readonly key: string }
  | { readonly type: 'answer'; readonly ask: number; readonly body: unknown }
  | { readonly type: 'refusal'; readonly ask: number; readonly message: string }
  | {
      readonly type: 'gather';
      readonly ask: number;
      readonly subject: string;
      readonly body: unknown;
    }
  /** To the supervisor's own program. */
  | { readonly type: 'ask'; readonly ask: number; readonly subject: string; readonly body: unknown }
  /** A connection comes with it. */
  | { readonly type: 'hand-over'; readonly note: HandOverNote }
  | { readonly type: 'taken'; readonly take: number }
  /** Of the connections up to `take`, those that were not acknowledged have not arrived. */
  | { readonly type: 'tallied'; readonly take: number }
  /** Somebody told this worker alone to end; it goes on until it is told to drain. */
  | { readonly type: 'leave' }
  /** What it has to leave behind; nothing more is asked of it. */
  | { readonly type: 'farewell'; readonly body: unknown }
  /** A drain that takes its time says what is still open. */
  | { readonly type: 'draining'; readonly facts: WorkerFacts };

/** One worker's answer to an ask. */
export type WorkerAnswer =
  | { readonly worker: number; readonly ok: true; readonly body: unknown }
  | { readonly worker: number; readonly ok: false; readonly message: string };
