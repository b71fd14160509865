/** The head of a response: the view that is handed out, and how its body ends. */
import { type Fields, FieldTable } from './fields.ts';
import type { Framing } from './framing.ts';
import { HeaderFacts } from './header-facts.ts';
import { refuse } from './refusal.ts';
import { StatusLine } from './status-line.ts';

/** One response's head; the same object for all of a parser, valid until the next is expected. */
export interface ResponseHead {
  /** 100 to 599. */
  readonly status: number;
  /** What follows the status code; often empty and never of any meaning. */
  readonly reason: string;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minorVersion: number;
  readonly fields: Fields;
  /** The whole head as it came, one character for each byte; may be kept. */
  readonly text: string;
  /** A 1xx other than 101: the answer itself is yet to come (RFC 9110 §15.2). */
  readonly isInterim: boolean;
  readonly framing: Framing;
  /** Content-Length, also where no body follows, as in answers to HEAD; -1 when absent. */
  readonly contentLength: number;
  /** Whether the connection can be used again after this response (RFC 9112 §9.3). */
  readonly keepAlive: boolean;
  /** The protocol spoken from here on, after a 101; otherwise what Upgrade offers. */
  readonly upgrade: string | undefined;
}

/** What of the request decides how its response is framed (RFC 9112 §6.3). */
export type AnsweredMethod = 'HEAD' | 'CONNECT' | 'other';

/** The head as the parser fills it. */
export class ResponseHeadReader implements ResponseHead {
  readonly fields = new FieldTable();
  readonly line = new StatusLine();
  framing: Framing = 'none';
  keepAlive = false;
  readonly #facts = new HeaderFacts();

  /** Understands the section that was just read. Throws a Refusal. */
  complete(method: AnsweredMethod): void {
    if (this.status < 200 && this.minorVersion === 0) refuse('interim-in-http-1-0');
    this.#facts.learn(this.fields, this.minorVersion);
    this.framing = this.#framingFor(method);
    const { close, keepAlive } = this.#facts.connection;
    this.keepAlive = this.framing !== 'close' && !close && (this.minorVersion === 1 || keepAlive);
  }

  #framingFor(method: AnsweredMethod): Framing {
    const { status } = this;
    const { contentLength, isChunked } = this.#facts;
    if (status < 200 || status === 204) {
      // Both MUST NOT be sent (RFC 9110 §8.6, RFC 9112 §6.1); a length of 0 is common and harmless.
      if (isChunked || contentLength > 0) refuse('body-on-bodyless-status');
      return 'none';
    }
    if (method === 'HEAD' || status === 304) return 'none';
    if (method === 'CONNECT' && status < 300) return 'none';
    if (isChunked) return 'chunked';
    return contentLength >= 0 ? 'length' : 'close';
  }

  get status(): number {
    return this.line.status;
  }

  get text(): string {
    return this.fields.text;
  }

  get reason(): string {
    return this.fields.text.slice(this.line.reasonStart, this.line.reasonEnd);
  }

  get minorVersion(): number {
    return this.line.version.minor;
  }

  get isInterim(): boolean {
    return this.status < 200 && this.status !== 101;
  }

  get contentLength(): number {
    return this.#facts.contentLength;
  }

  get upgrade(): string | undefined {
    const { connection, upgrade } = this.#facts;
    return upgrade >= 0 && connection.upgrade ? this.fields.value(upgrade) : undefined;
  }
}
