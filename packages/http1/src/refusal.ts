/** Every reason to refuse a message, with the status a client is answered. */

const REASONS = {
  'bare-cr': [400, 'a carriage return is not followed by a line feed'],
  'bare-lf': [400, 'a line ends in a line feed alone; lines end in CR LF'],
  'body-on-bodyless-status': [502, 'a status without a body announces one'],
  'body-on-connect': [400, 'CONNECT announces a body; what follows its head is the tunnel'],
  'chunk-extension-too-long': [400, 'the chunk extensions of the message are too long'],
  'chunk-not-terminated': [400, 'the data of a chunk is not followed by CR LF'],
  'forbidden-trailer': [400, 'a trailer field would change framing, routing or authentication'],
  'head-too-large': [431, 'the head is too large; send fewer or shorter header fields'],
  'interim-in-http-1-0': [502, 'HTTP/1.0 knows no 1xx status'],
  'invalid-chunk-extension': [400, 'a chunk extension is malformed'],
  'invalid-chunk-size': [400, 'a chunk size is not 1 to 16 hexadecimal digits, at most 2^53 - 1'],
  'invalid-connection': [400, 'Connection is not a list of tokens'],
  'invalid-content-length': [400, 'Content-Length is not one decimal number, at most 2^53 - 1'],
  'invalid-field-name': [400, 'a header field name is empty or has a character it may not have'],
  'invalid-field-value': [400, 'a header field value has a control character'],
  'invalid-host': [400, 'Host is not a host name or address with an optional port'],
  'invalid-method': [400, 'the request line does not start with a method and one space'],
  'invalid-status': [502, 'the status code is not between 100 and 599'],
  'invalid-status-line': [502, 'the status line is not version, three digits and reason'],
  'invalid-target': [400, 'the request target is malformed or of the wrong form for the method'],
  'invalid-transfer-encoding': [400, 'Transfer-Encoding is not exactly "chunked"'],
  'invalid-version': [400, 'the version is not written HTTP/1.1 or HTTP/1.0'],
  'leading-whitespace': [400, 'the first header line starts with whitespace'],
  'length-and-coding': [400, 'the message has both Content-Length and Transfer-Encoding'],
  'method-too-long': [501, 'no method is that long'],
  'missing-host': [400, 'an HTTP/1.1 request needs a Host field'],
  'obs-fold': [400, 'a header value is continued on the next line; write it on one'],
  'repeated-content-length': [400, 'Content-Length occurs more than once'],
  'repeated-host': [400, 'Host occurs more than once'],
  'repeated-transfer-encoding': [400, 'Transfer-Encoding occurs more than once'],
  'space-before-colon': [400, 'whitespace stands between a field name and its colon'],
  'target-too-long': [414, 'the request target is too long'],
  'too-many-connection-options': [400, 'Connection names too many options'],
  'too-many-empty-lines': [400, 'too many empty lines stand before the request line'],
  'too-many-fields': [431, 'the message has too many header or trailer fields'],
  'trailers-too-large': [431, 'the trailer fields are too large'],
  'transfer-encoding-in-http-1-0': [400, 'HTTP/1.0 knows no Transfer-Encoding'],
  truncated: [400, 'the connection ended before the message did'],
  'unsolicited-response': [502, 'bytes arrived that answer no request'],
  'unsupported-transfer-coding': [501, 'the only transfer coding known here is chunked'],
  'unsupported-version': [505, 'the version is neither HTTP/1.1 nor HTTP/1.0'],
} as const satisfies Record<string, readonly [number, string]>;

/** Why a message is refused; stable, for logs and metrics. */
export type RefusalReason = keyof typeof REASONS;

/** All reasons, in alphabetical order. */
export const refusalReasons = Object.keys(REASONS) as RefusalReason[];

/** A message that is not taken; the connection it came on must be closed. */
export class Refusal {
  readonly reason: RefusalReason;
  /** What to answer the client: 400, 414, 431, 501 or 505, and 502 for every bad response. */
  readonly status: number;
  /** What was wrong, in words. Holds nothing of the message. */
  readonly message: string;

  constructor(reason: RefusalReason, status: number = REASONS[reason][0]) {
    this.reason = reason;
    this.status = status;
    this.message = REASONS[reason][1];
  }
}

/** Ends the parsing of a message, up to the parser that catches it. */
export function refuse(reason: RefusalReason): never {
  // Not an Error: the stack of a hostile message is of no use and costs more than the rest.
  throw new Refusal(reason);
}
