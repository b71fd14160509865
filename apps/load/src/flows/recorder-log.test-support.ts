/** A recorder that remembers, and checks that all that starts ends once. */
import assert from 'node:assert/strict';
import type { AnswerStatus, Recorder, SeriesKind } from '../recorder.ts';

export interface Outcome {
  readonly series: string;
  /** The status, or the kind of failure. */
  readonly outcome: AnswerStatus | string;
  readonly isExpected: boolean;
  readonly intendedMs: number;
  readonly sentMs: number;
  readonly firstByteMs: number;
  readonly endedMs: number;
}

export class RecorderLog implements Recorder {
  readonly names: string[] = [];
  readonly kinds: SeriesKind[] = [];
  readonly outcomes: Outcome[] = [];
  readonly connectMs: number[] = [];
  openConnections = 0;
  receivedBytes = 0;
  readonly #open: number[] = [];

  series(name: string, kind: SeriesKind): number {
    const known = this.names.indexOf(name);
    if (known !== -1) return known;
    this.kinds.push(kind);
    this.#open.push(0);
    return this.names.push(name) - 1;
  }

  started(series: number): void {
    this.#open[series] = (this.#open[series] as number) + 1;
  }

  answered(
    series: number,
    outcome: AnswerStatus,
    isExpected: boolean,
    intendedMs: number,
    sentMs: number,
    firstByteMs: number,
  ): void {
    this.#ended(series, { outcome, isExpected, intendedMs, sentMs, firstByteMs });
  }

  failed(series: number, outcome: string, intendedMs: number, sentMs: number): void {
    const firstByteMs = Number.NaN;
    this.#ended(series, { outcome, isExpected: false, intendedMs, sentMs, firstByteMs });
  }

  connected(_series: number, durationMs: number): void {
    this.connectMs.push(durationMs);
  }

  received(sizeBytes: number): void {
    this.receivedBytes += sizeBytes;
  }

  connections(change: number): void {
    this.openConnections += change;
  }

  /** `name outcome` of everything that ended, in order. */
  get lines(): string[] {
    return this.outcomes.map(({ series, outcome }) => `${series} ${outcome}`);
  }

  /** What has started and not ended. */
  get open(): number {
    return this.#open.reduce((sum, count) => sum + count, 0);
  }

  #ended(series: number, outcome: Omit<Outcome, 'series' | 'endedMs'>): void {
    const name = this.names[series] as string;
    const open = (this.#open[series] as number) - 1;
    assert.ok(open >= 0, `${name} ended twice`);
    this.#open[series] = open;
    this.outcomes.push({ series: name, ...outcome, endedMs: performance.now() });
  }
}
