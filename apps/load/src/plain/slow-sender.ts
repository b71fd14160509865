/** A client on a slow line: what it sends and reads passes at so many bytes per second. */
import type { Socket } from 'node:net';

/** Bytes pass in this many portions per second. */
const PORTIONS_PER_S = 10;

/** How much a slow client reads at once. */
export function slowReadBytes(bytesPerS: number): number {
  return Math.max(1, Math.round(bytesPerS / PORTIONS_PER_S));
}

/** Both directions of one connection; `stop` it when the connection closes. */
export class SlowSender {
  readonly #socket: Socket;
  readonly #bytesPerS: number;
  #unsent = '';
  #sending: NodeJS.Timeout | undefined;
  #reading: NodeJS.Timeout | undefined;

  constructor(socket: Socket, bytesPerS: number) {
    this.#socket = socket;
    this.#bytesPerS = bytesPerS;
  }

  /** Sends text, a character for each byte, portion by portion. */
  send(text: string): void {
    this.#unsent += text;
    if (!this.#sending) this.#sendPortion();
  }

  /** Reads nothing more until this many bytes would have passed. */
  pauseAfter(sizeBytes: number): void {
    this.#socket.pause();
    clearTimeout(this.#reading);
    this.#reading = setTimeout(() => this.#socket.resume(), (sizeBytes / this.#bytesPerS) * 1_000);
  }

  stop(): void {
    clearTimeout(this.#sending);
    clearTimeout(this.#reading);
    this.#unsent = '';
  }

  #sendPortion(): void {
    const portion = this.#unsent.slice(0, slowReadBytes(this.#bytesPerS));
    this.#unsent = this.#unsent.slice(portion.length);
    this.#socket.write(portion, 'latin1');
    this.#sending =
      this.#unsent === ''
        ? undefined
        : setTimeout(() => this.#sendPortion(), (portion.length / this.#bytesPerS) * 1_000);
  }
}
