/** The head of a request: the view that is handed out, and what makes a request acceptable. */
import { isAuthority } from './authority.ts';
import { type Fields, FieldTable } from './fields.ts';
import type { Framing } from './framing.ts';
import { HeaderFacts } from './header-facts.ts';
import { refuse } from './refusal.ts';
import { RequestLine } from './request-line.ts';
import {
  absoluteAuthorityEnd,
  absoluteAuthorityStart,
  type TargetForm,
  targetForm,
} from './target.ts';

/** One request's head; the same object for all requests of a parser, valid until the next. */
export interface RequestHead {
  /** Case-sensitive; any token, so not only registered methods. */
  readonly method: string;
  /** As it was written. */
  readonly target: string;
  readonly targetForm: TargetForm;
  /** 1 for HTTP/1.1, 0 for HTTP/1.0. */
  readonly minorVersion: number;
  readonly fields: Fields;
  /** Whom the request is for: the authority in the target, or else Host (RFC 9110 §7.1). */
  readonly authority: string | undefined;
  readonly framing: Exclude<Framing, 'close'>;
  /** The size of the body in bytes where `framing` is `length`, otherwise -1. */
  readonly contentLength: number;
  /** Whether the client would send another request on this connection (RFC 9112 §9.3). */
  readonly keepAlive: boolean;
  /** Whether the client waits for 100 (Continue) before it sends the body. */
  readonly expectsContinue: boolean;
  /** The protocols the client offers to change to, as listed in Upgrade. */
  readonly upgrade: string | undefined;
}

/** The head as the parser fills it. */
export class RequestHeadReader implements RequestHead {
  readonly fields = new FieldTable();
  readonly line: RequestLine;
  method = '';
  targetForm: TargetForm = 'origin';
  framing: Exclude<Framing, 'close'> = 'none';
  keepAlive = false;
  readonly #facts = new HeaderFacts();

  constructor(targetLength: number) {
    this.line = new RequestLine(targetLength);
  }

  /** Understands the section that was just read. Throws a Refusal. */
  complete(): void {
    const { fields, line } = this;
    const { text } = fields;
    const facts = this.#facts;
    this.method = methodOf(text, line.methodStart, line.methodEnd);
    this.targetForm = targetForm(text, line.targetStart, line.targetEnd, this.method);
    facts.learn(fields, this.minorVersion);
    this.#checkHost();
    this.framing = facts.isChunked ? 'chunked' : facts.contentLength >= 0 ? 'length' : 'none';
    if (this.framing !== 'none' && this.method === 'CONNECT') refuse('body-on-connect');
    const { close, keepAlive } = facts.connection;
    this.keepAlive = !close && (this.minorVersion === 1 || keepAlive);
  }

  #checkHost(): void {
    const { host } = this.#facts;
    if (host < 0) {
      if (this.minorVersion === 1) refuse('missing-host');
      return;
    }
    const { fields } = this;
    if (!isAuthority(fields.text, fields.valueStart(host), fields.valueEnd(host))) {
      refuse('invalid-host');
    }
  }

  get target(): string {
    return this.fields.text.slice(this.line.targetStart, this.line.targetEnd);
  }

  get minorVersion(): number {
    return this.line.version.minor;
  }

  get contentLength(): number {
    return this.#facts.contentLength;
  }

  get authority(): string | undefined {
    const { text } = this.fields;
    const { targetStart, targetEnd } = this.line;
    if (this.targetForm === 'authority') return this.target;
    if (this.targetForm === 'absolute') {
      const end = absoluteAuthorityEnd(text, targetStart, targetEnd);
      return text.slice(absoluteAuthorityStart(text, targetStart), end);
    }
    return this.#facts.host < 0 ? undefined : this.fields.value(this.#facts.host);
  }

  get expectsContinue(): boolean {
    return this.#facts.expectsContinue && this.minorVersion === 1 && this.framing !== 'none';
  }

  get upgrade(): string | undefined {
    const { connection, upgrade } = this.#facts;
    if (upgrade < 0 || !connection.upgrade || this.minorVersion === 0) return undefined;
    return this.fields.value(upgrade);
  }
}

/** GET without an allocation: it is what nearly all requests say. */
function methodOf(text: string, start: number, end: number): string {
  return end - start === 3 && text.startsWith('GET', start) ? 'GET' : text.slice(start, end);
}
