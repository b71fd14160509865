/** Where a parser reports to. */
import type { Bytes } from './bytes.ts';
import type { Fields } from './fields.ts';
import type { Refusal } from './refusal.ts';

/** What both kinds of message report. Calls come in the order declared here. */
export interface BodySink {
  /** Part of the body: the bytes from `from` up to, not including, `to`; valid during the call. */
  body(bytes: Bytes, from: number, to: number): void;
  /** The trailer fields of a chunked body, when it has any; valid until the next message. */
  trailers?(fields: Fields): void;
  /** The message is complete. */
  end(): void;
  /** The message is not taken, and nothing after it: the connection must be closed. */
  refuse(refusal: Refusal): void;
}
