// Owns the field lines of a partner call, so that no value in them can become another field or
// another request.

/** Header fields of a call, by name. */
export type Fields = Readonly<Record<string, string>>;

/**
 * Never a caller's: the connection's own (RFC 9110 §7.6.1), framing (RFC 9112 §6), what the client
 * sends itself, and what asks for an answer it could not read.
 */
const reserved: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
  'content-length',
  'host',
  'expect',
  'accept-encoding',
  'headgate-deadline-ms',
  'x-request-id',
  'traceparent',
]);

const namePattern = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
// Printable ASCII, tab and the bytes above (RFC 9110 §5.5); one code unit is one byte.
const valuePattern = /^[\t\x20-\x7e\x80-\xff]*$/;

/**
 * `fields` as lines, each ended by CRLF, with names in lower case; `taken`, where given, gathers
 * those names. Throws a TypeError for a name or a value that may not be sent.
 */
export function fieldLines(fields: Fields, taken?: Set<string>): string {
  let lines = '';
  for (const name in fields) {
    const lowerName = name.toLowerCase();
    const value = fields[name] as string;
    if (!namePattern.test(name)) {
      throw new TypeError(`header name ${JSON.stringify(name)} is not a token`);
    }
    if (reserved.has(lowerName)) {
      throw new TypeError(`header ${lowerName} is the client's own; leave it out`);
    }
    if (!valuePattern.test(value)) {
      throw new TypeError(`header ${lowerName} has a value with characters no field may have`);
    }
    taken?.add(lowerName);
    lines += `${lowerName}: ${value}\r\n`;
  }
  return lines;
}

/** The lines of a client's `defaults`, less those a call has in `fields`, and those of the call. */
export function mergedLines(defaults: Fields, fields: Fields): string {
  const taken = new Set<string>();
  const lines = fieldLines(fields, taken);
  let merged = '';
  for (const name in defaults) {
    if (!taken.has(name)) merged += `${name}: ${defaults[name]}\r\n`;
  }
  return merged + lines;
}
