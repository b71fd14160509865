/** What flows report to: counts and histograms of one worker. */
import type { FailureKind } from './failure.ts';

/** A flow or a step of one; a number, since it is passed on the hot path. */
export type SeriesId = number & { readonly brand?: 'series' };

/** A plain flow is one request; a scripted one has steps, each of which is a request. */
export type SeriesKind = 'plain' | 'scripted' | 'step';

/** What was answered: an HTTP status, a message of a stream, or a scripted flow to its end. */
export type AnswerStatus = number | 'message' | 'event' | 'done';

/** All times are milliseconds of `performance.now()`. */
export interface Recorder {
  /** The id of a series, always the same for one name: `checkout`, `checkout › GET /cart`. */
  series(name: string, kind: SeriesKind): SeriesId;
  /** A flow was begun, or a request is on its way; exactly one of the two below follows. */
  started(series: SeriesId): void;
  /** A complete answer has just arrived; `isExpected` is false for a status that is a failure. */
  answered(
    series: SeriesId,
    status: AnswerStatus,
    isExpected: boolean,
    intendedMs: number,
    sentMs: number,
    firstByteMs: number,
  ): void;
  /** It has just failed; `sentMs` is NaN when it never was sent. */
  failed(series: SeriesId, kind: FailureKind, intendedMs: number, sentMs: number): void;
  /** A connection was opened for the series. */
  connected(series: SeriesId, durationMs: number): void;
  received(sizeBytes: number): void;
  /** Open connections: +1, -1. */
  connections(change: number): void;
}
