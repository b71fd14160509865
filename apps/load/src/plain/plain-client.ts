/** The connections of plain flows: as many as requests are in flight, the last used first. */
import type { FailureKind } from '../failure.ts';
import type { FlowOwner } from '../flows/running-flow.ts';
import type { SeriesId } from '../recorder.ts';
import type { Recording } from '../recording.ts';
import {
  type ConnectionOwner,
  type Endpoint,
  type Job,
  PlainConnection,
  type SocketError,
} from './plain-connection.ts';
import { isPortTaken, type SourcePorts } from './source-ports.ts';

export interface PlainClientOptions {
  readonly host: string;
  readonly port: number;
  readonly recording: Recording;
  readonly now: () => number;
  /** Infinite for requests that are held. */
  readonly timeoutMs: number;
  readonly slowBytesPerS: number | undefined;
  readonly sources: SourcePorts;
  /** Connections being opened at a time; more wait. */
  readonly maxConnecting: number;
}

/** A request on its way to a connection. */
interface Due {
  readonly job: Job;
  readonly intendedMs: number;
  readonly deadlineMs: number;
}

/** Time limits are met this much too late at most. */
const SWEEP_MS = 50;

const IDEMPOTENT = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE', 'PUT', 'DELETE']);

export class PlainClient implements ConnectionOwner {
  readonly now: () => number;
  readonly #options: PlainClientOptions;
  readonly #recording: Recording;
  readonly #all = new Set<PlainConnection>();
  readonly #idle: PlainConnection[] = [];
  #connecting = 0;
  readonly #waiting: Due[] = [];
  readonly #sweeper: NodeJS.Timeout;

  constructor(options: PlainClientOptions) {
    this.#options = options;
    this.#recording = options.recording;
    this.now = options.now;
    this.#sweeper = setInterval(() => this.#sweep(), SWEEP_MS);
  }

  /** Sends `job` on an idle connection or a new one; its owner is told when it has ended. */
  begin(job: Job, intendedMs: number): void {
    const nowMs = this.now();
    this.#dispatch({ job, intendedMs, deadlineMs: nowMs + this.#options.timeoutMs }, nowMs);
  }

  /** Counts a request that the scenario made wrong, and was not sent. */
  refuse(series: SeriesId, owner: FlowOwner, intendedMs: number): void {
    this.#recording.started(series);
    this.#recording.failed(series, 'exception', intendedMs, Number.NaN);
    // Not at once: whoever begins a flow does not expect its end yet.
    queueMicrotask(() => owner.flowEnded(true));
  }

  /** Closes all connections; requests in flight end as `cut`, or were held to the end. */
  close(end: 'cut' | 'held'): void {
    clearInterval(this.#sweeper);
    for (const { job } of this.#waiting.splice(0)) job.owner.flowEnded();
    for (const connection of this.#all) {
      const { intendedMs, sentMs } = connection;
      const job = connection.abandon();
      if (!job) continue;
      if (end === 'held' && !Number.isNaN(sentMs)) {
        this.#recording.held(job.series);
        job.owner.flowEnded();
      } else {
        this.#fail(job, 'cut', intendedMs, sentMs);
      }
    }
  }

  opened(connection: PlainConnection): void {
    this.#recording.connections(1);
    this.#connectingEnded();
    const nowMs = this.now();
    if (!connection.job) return;
    this.#recording.connected(connection.job.series, nowMs - connection.openedMs);
    connection.send(nowMs);
  }

  received(sizeBytes: number): void {
    this.#recording.received(sizeBytes);
  }

  answered(connection: PlainConnection, job: Job, status: number): void {
    const { intendedMs, sentMs, firstByteMs } = connection;
    if (!connection.isClosed) this.#idle.push(connection);
    const isExpected = job.isExpected(status);
    this.#recording.answered(job.series, status, isExpected, intendedMs, sentMs, firstByteMs);
    job.owner.flowEnded();
  }

  failed(connection: PlainConnection, job: Job, kind: FailureKind, error?: SocketError): void {
    const { intendedMs, sentMs, deadlineMs, isReused, firstByteMs } = connection;
    // Closed by the server just when it was chosen: nothing is lost by asking again.
    const isStale = isReused && kind === 'reset' && Number.isNaN(firstByteMs);
    if ((isStale && IDEMPOTENT.has(job.method)) || isPortTaken(error)) {
      this.#recording.withdrawn(job.series);
      this.#dispatch({ job, intendedMs, deadlineMs }, this.now());
      return;
    }
    this.#fail(job, kind, intendedMs, sentMs);
  }

  closed(connection: PlainConnection): void {
    this.#all.delete(connection);
    if (connection.isOpen) {
      this.#recording.connections(-1);
      const at = connection.job ? -1 : this.#idle.lastIndexOf(connection);
      if (at >= 0) this.#idle.splice(at, 1);
    } else {
      this.#connectingEnded();
    }
  }

  #dispatch(due: Due, nowMs: number): void {
    let connection = this.#idle.pop();
    while (connection?.isClosed) connection = this.#idle.pop();
    if (connection) {
      this.#recording.started(due.job.series);
      connection.carry(due.job, due.intendedMs, due.deadlineMs);
      connection.send(nowMs);
    } else if (this.#connecting < this.#options.maxConnecting) {
      this.#openFor(due);
    } else {
      this.#waiting.push(due);
    }
  }

  #openFor({ job, intendedMs, deadlineMs }: Due): void {
    this.#recording.started(job.series);
    this.#open().carry(job, intendedMs, deadlineMs);
  }

  #open(): PlainConnection {
    const { host, port, slowBytesPerS, sources } = this.#options;
    const endpoint: Endpoint = { host, port, source: sources.next(), slowBytesPerS };
    this.#connecting++;
    const connection = new PlainConnection(this, endpoint);
    this.#all.add(connection);
    return connection;
  }

  #connectingEnded(): void {
    this.#connecting--;
    const next = this.#waiting.shift();
    if (next) this.#openFor(next);
  }

  #sweep(): void {
    const nowMs = this.now();
    for (const connection of this.#all) {
      if (connection.deadlineMs > nowMs) continue;
      const { intendedMs, sentMs, isOpen } = connection;
      const job = connection.abandon();
      if (!job) continue;
      this.#fail(job, isOpen ? 'timeout' : 'connect-timeout', intendedMs, sentMs);
    }
  }

  #fail(job: Job, kind: FailureKind, intendedMs: number, sentMs: number): void {
    this.#recording.failed(job.series, kind, intendedMs, sentMs);
    job.owner.flowEnded(true);
  }
}
