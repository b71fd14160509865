/** What each byte may be used for, as tables indexed by the byte. */

export const HTAB = 0x09;
export const LF = 0x0a;
export const CR = 0x0d;
export const SP = 0x20;
export const DQUOTE = 0x22;
export const COMMA = 0x2c;
export const DOT = 0x2e;
export const COLON = 0x3a;
export const SEMICOLON = 0x3b;
export const EQUALS = 0x3d;
export const BACKSLASH = 0x5c;
const DEL = 0x7f;

const DIGITS = '0123456789';
const LETTERS = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ';

/** 1 for the characters of a token: methods, field names, options (RFC 9110 §5.6.2). */
export const TOKEN = marked(`!#$%&'*+-.^_\`|~${DIGITS}${LETTERS}`);

/**
 * 1 for the characters of a request target: those of a URI without fragment (RFC 3986 §2), and the
 * five that browsers send as they are, \ ^ ` { | }, the first of them only in a query.
 */
export const TARGET = marked(`!$%&'()*+,-./:;=?@[\\]^_\`{|}~${DIGITS}${LETTERS}`);

/** 1 for what field values and reason phrases are made of (RFC 9110 §5.5). */
export const VALUE = Uint8Array.from({ length: 256 }, (_, byte) =>
  (byte >= SP && byte !== DEL) || byte === HTAB ? 1 : 0,
);

/** 1 for the characters of a host name as DNS knows it. */
export const HOST_NAME = marked(`-._~${DIGITS}${LETTERS}`);

/** The value of a hexadecimal digit, 255 for every other byte. */
export const HEX = new Uint8Array(256).fill(255);
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16);
  HEX[digit.charCodeAt(0)] = value;
  HEX[digit.toUpperCase().charCodeAt(0)] = value;
}

/** The byte itself, capital letters made small. */
export const LOWER = Uint8Array.from({ length: 256 }, (_, byte) =>
  String.fromCharCode(byte).toLowerCase().charCodeAt(0),
);

/** Whether the byte is optional whitespace (RFC 9110 §5.6.3). */
export function isBlank(byte: number): boolean {
  return byte === SP || byte === HTAB;
}

function marked(chars: string): Uint8Array {
  const table = new Uint8Array(256);
  for (const char of chars) table[char.charCodeAt(0)] = 1;
  return table;
}
