/** Connections that are opened and kept, and carry nothing. */
import { connect, type Socket } from 'node:net';
import { kindOfError } from '../failure.ts';
import type { SeriesId } from '../recorder.ts';
import type { Recording } from '../recording.ts';
import { isPortTaken, type SourcePorts } from './source-ports.ts';

export interface IdleConnectionsOptions {
  readonly host: string;
  readonly port: number;
  readonly recording: Recording;
  readonly series: SeriesId;
  readonly now: () => number;
  readonly sources: SourcePorts;
  /** Being opened at a time. */
  readonly maxConnecting: number;
}

/** One that was lost is opened again after this pause, or a dead server would be stormed. */
const REOPEN_AFTER_MS = 1_000;

export class IdleConnections {
  readonly #options: IdleConnectionsOptions;
  readonly #sockets = new Set<Socket>();
  readonly #reopening = new Set<NodeJS.Timeout>();
  #wanted = 0;
  #connecting = 0;

  constructor(options: IdleConnectionsOptions) {
    this.#options = options;
  }

  /** Open or being opened. */
  get count(): number {
    return this.#sockets.size;
  }

  /** Opens `count` of them, and keeps so many open. */
  hold(count: number): void {
    this.#wanted = count;
    this.#fill();
  }

  close(): void {
    this.#wanted = 0;
    for (const timer of this.#reopening) clearTimeout(timer);
    this.#reopening.clear();
    for (const socket of this.#sockets) socket.destroy();
  }

  #fill(): void {
    const { maxConnecting } = this.#options;
    const missing = () => this.#wanted - this.#sockets.size - this.#reopening.size;
    while (missing() > 0 && this.#connecting < maxConnecting) this.#open();
  }

  #open(): void {
    const { host, port, recording, series, now, sources } = this.#options;
    this.#connecting++;
    const startedMs = now();
    const socket = connect({ host, port, ...sources.next() });
    let isOpen = false;
    let lost: { code?: string } | undefined;
    this.#sockets.add(socket);
    socket.once('connect', () => {
      isOpen = true;
      recording.connected(series, now() - startedMs);
      recording.connections(1);
      this.#connecting--;
      this.#fill();
    });
    socket.on('error', (error) => {
      lost = error as { code?: string };
    });
    socket.resume();
    socket.once('close', () => {
      this.#sockets.delete(socket);
      if (isOpen) recording.connections(-1);
      else this.#connecting--;
      if (isPortTaken(lost)) this.#fill();
      else if (this.#wanted > 0) this.#lost(kindOfError(lost), startedMs);
    });
  }

  #lost(kind: ReturnType<typeof kindOfError>, startedMs: number): void {
    const { recording, series } = this.#options;
    recording.started(series);
    recording.failed(series, kind, startedMs, startedMs);
    const timer = setTimeout(() => {
      this.#reopening.delete(timer);
      this.#fill();
    }, REOPEN_AFTER_MS);
    this.#reopening.add(timer);
  }
}
