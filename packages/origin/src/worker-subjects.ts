// Owns what a supervisor and the workers of an origin ask each other.

/** Names of what is asked. */
export const subjects = {
  /** Supervisor to worker: build the app and listen; the answer comes when it serves. */
  start: 'start',
  /** Supervisor to worker: a {@link CountsQuestion}; answered with metric families. */
  counts: 'counts',
  /** Worker to supervisor: the metric families of all. */
  metrics: 'metrics',
} as const;

/** What numbers are asked for. */
export interface CountsQuestion {
  /** With those of the process; reading them starts a new period for the event loop's. */
  readonly isForScrape: boolean;
}
