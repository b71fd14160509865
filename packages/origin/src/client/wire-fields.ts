// Owns how a field is found in the text of an answer's head: looked for when it is asked for, so
// that an answer whose fields nobody reads costs nothing but that text.

const CR = 0x0d;
const COLON = 0x3a;
const AROUND = /^[ \t]+|[ \t]+$/g;

/**
 * The value of the field `name`, given in lower case, in a head that a parser has accepted: start
 * line, fields and empty line, all ended by CRLF. Values of repeated fields are joined by ", "
 * (RFC 9110 §5.3).
 */
export function fieldValue(head: string, name: string): string | undefined {
  let joined: string | undefined;
  let at = head.indexOf('\r\n') + 2;
  while (head.charCodeAt(at) !== CR) {
    const lineEnd = head.indexOf('\r\n', at);
    const nameEnd = at + name.length;
    if (head.charCodeAt(nameEnd) === COLON && head.slice(at, nameEnd).toLowerCase() === name) {
      const value = head.slice(nameEnd + 1, lineEnd).replace(AROUND, '');
      joined = joined === undefined ? value : `${joined}, ${value}`;
    }
    at = lineEnd + 2;
  }
  return joined;
}
