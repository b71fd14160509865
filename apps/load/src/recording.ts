/** The counts and histograms of one worker, taken away every second to be merged with others'. */
import type { FailureKind } from './failure.ts';
import { Histogram } from './histogram.ts';
import type { SeriesReport, StatusReport } from './messages.ts';
import type { AnswerStatus, Recorder, SeriesId, SeriesKind } from './recorder.ts';

/** Sent later than this after it was due, a request counts as late. */
const LATE_MS = 10;

interface StatusRecord {
  readonly status: string;
  readonly isFailure: boolean;
  count: number;
  readonly firstByte: Histogram;
  readonly service: Histogram;
  readonly total: Histogram;
}

interface SeriesRecord {
  readonly name: string;
  readonly kind: SeriesKind;
  readonly statuses: StatusRecord[];
  /** By HTTP status, to be found without hashing. */
  readonly byStatus: StatusRecord[];
  readonly connect: Histogram;
  /** What failed or was dropped, as the headline counts it. */
  readonly penalty: Histogram;
  dropped: number;
}

export interface TakenCounts {
  readonly arrivals: number;
  readonly started: number;
  readonly late: number;
  readonly receivedBytes: number;
  readonly inFlight: number;
  readonly connections: number;
  readonly sendDelay: Float64Array;
  readonly series: readonly SeriesReport[];
}

export class Recording implements Recorder {
  readonly #now: () => number;
  readonly #limitMs: number;
  readonly #series: SeriesRecord[] = [];
  readonly #ids = new Map<string, SeriesId>();
  readonly #sendDelay = new Histogram();
  #arrivals = 0;
  #started = 0;
  #late = 0;
  #receivedBytes = 0;
  #inFlight = 0;
  #connections = 0;

  /** `limitMs` is what failures count as in the headline. */
  constructor(now: () => number, limitMs: number) {
    this.#now = now;
    this.#limitMs = limitMs;
  }

  /** Flows begun and not ended. */
  get inFlight(): number {
    return this.#inFlight;
  }

  series(name: string, kind: SeriesKind): SeriesId {
    const known = this.#ids.get(name);
    if (known !== undefined) return known;
    const id: SeriesId = this.#series.length;
    this.#ids.set(name, id);
    this.#series.push({
      name,
      kind,
      statuses: [],
      byStatus: [],
      connect: new Histogram(),
      penalty: new Histogram(),
      dropped: 0,
    });
    return id;
  }

  /** An arrival was due this long ago, and is begun now. */
  arrived(delayMs: number): void {
    this.#arrivals++;
    this.#sendDelay.record(delayMs * 1_000);
    if (delayMs > LATE_MS) this.#late++;
  }

  /** An arrival that was due is not begun. */
  dropped(series: SeriesId): void {
    this.#arrivals++;
    const record = this.#series[series] as SeriesRecord;
    record.dropped++;
    record.penalty.record(this.#limitMs * 1_000);
  }

  started(series: SeriesId): void {
    if ((this.#series[series] as SeriesRecord).kind === 'step') return;
    this.#started++;
    this.#inFlight++;
  }

  /** What was `started` is begun anew. */
  withdrawn(series: SeriesId): void {
    if ((this.#series[series] as SeriesRecord).kind === 'step') return;
    this.#started--;
    this.#inFlight--;
  }

  answered(
    series: SeriesId,
    status: AnswerStatus,
    isExpected: boolean,
    intendedMs: number,
    sentMs: number,
    firstByteMs: number,
  ): void {
    const nowMs = this.#now();
    const record = this.#series[series] as SeriesRecord;
    if (record.kind !== 'step') this.#inFlight--;
    const entry =
      (isExpected && typeof status === 'number' && record.byStatus[status]) ||
      entryOf(record, status, isExpected);
    entry.count++;
    if (firstByteMs > 0) entry.firstByte.record((firstByteMs - sentMs) * 1_000);
    entry.service.record((nowMs - sentMs) * 1_000);
    const totalMs = nowMs - intendedMs;
    entry.total.record(totalMs * 1_000);
    if (!isExpected) record.penalty.record(Math.max(totalMs, this.#limitMs) * 1_000);
  }

  failed(series: SeriesId, kind: FailureKind, intendedMs: number, sentMs: number): void {
    const nowMs = this.#now();
    const record = this.#series[series] as SeriesRecord;
    if (record.kind !== 'step') this.#inFlight--;
    const entry = entryOf(record, kind, false);
    entry.count++;
    if (!Number.isNaN(sentMs)) entry.service.record((nowMs - sentMs) * 1_000);
    const totalMs = nowMs - intendedMs;
    entry.total.record(totalMs * 1_000);
    record.penalty.record(Math.max(totalMs, this.#limitMs) * 1_000);
  }

  /** A request was held until the end of the run, as it should be. */
  held(series: SeriesId): void {
    if ((this.#series[series] as SeriesRecord).kind !== 'step') this.#inFlight--;
  }

  connected(series: SeriesId, durationMs: number): void {
    (this.#series[series] as SeriesRecord).connect.record(durationMs * 1_000);
  }

  received(sizeBytes: number): void {
    this.#receivedBytes += sizeBytes;
  }

  connections(change: number): void {
    this.#connections += change;
  }

  /** All since the last time. */
  take(): TakenCounts {
    const taken = {
      arrivals: this.#arrivals,
      started: this.#started,
      late: this.#late,
      receivedBytes: this.#receivedBytes,
      inFlight: this.#inFlight,
      connections: this.#connections,
      sendDelay: this.#sendDelay.take(),
      series: this.#series.map(takeSeries),
    };
    this.#arrivals = 0;
    this.#started = 0;
    this.#late = 0;
    this.#receivedBytes = 0;
    return taken;
  }
}

function entryOf(
  record: SeriesRecord,
  status: AnswerStatus | FailureKind,
  isExpected: boolean,
): StatusRecord {
  const text = `${status}`;
  const known = record.statuses.find(
    (entry) => entry.status === text && entry.isFailure === !isExpected,
  );
  if (known) return known;
  const entry = {
    status: text,
    isFailure: !isExpected,
    count: 0,
    firstByte: new Histogram(),
    service: new Histogram(),
    total: new Histogram(),
  };
  record.statuses.push(entry);
  if (isExpected && typeof status === 'number') record.byStatus[status] = entry;
  return entry;
}

function takeSeries(record: SeriesRecord): SeriesReport {
  const { dropped } = record;
  record.dropped = 0;
  return {
    name: record.name,
    kind: record.kind,
    dropped,
    connect: record.connect.take(),
    penalty: record.penalty.take(),
    statuses: record.statuses.filter((entry) => entry.count > 0).map(takeStatus),
  };
}

function takeStatus(entry: StatusRecord): StatusReport {
  const { status, isFailure, count } = entry;
  entry.count = 0;
  return {
    status,
    isFailure,
    count,
    firstByte: entry.firstByte.take(),
    service: entry.service.take(),
    total: entry.total.take(),
  };
}
