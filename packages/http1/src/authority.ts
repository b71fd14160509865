/** Host names and addresses with an optional port, as in Host and in targets (RFC 3986 §3.2). */
import { COLON, HEX, HOST_NAME } from './char-class.ts';

const OPEN_BRACKET = 0x5b;
const MAX_PORT = 65_535;
const IPV4 = /^(25[0-5]|2[0-4]\d|1?\d?\d)(\.(25[0-5]|2[0-4]\d|1?\d?\d)){3}$/;

/**
 * Whether `text` from `start` to `end` is a host and, optionally, `:` and a port. Narrower than
 * the grammar: no user information, which http forbids (RFC 9110 §4.2.4), and no percent escapes
 * or sub-delimiters in names, which name nothing in DNS and are read in more than one way.
 */
export function isAuthority(text: string, start: number, end: number): boolean {
  const hostEnd = endOfHost(text, start, end);
  if (hostEnd === start) return false;
  return hostEnd === end || (text.charCodeAt(hostEnd) === COLON && isPort(text, hostEnd + 1, end));
}

/** Whether an authority, known to be one, says its port, as that of CONNECT must. */
export function hasPort(text: string, start: number, end: number): boolean {
  return endOfHost(text, start, end) + 1 < end;
}

/** Where the host at `start` ends; `start` itself when there is none. */
function endOfHost(text: string, start: number, end: number): number {
  let at = start;
  if (text.charCodeAt(start) === OPEN_BRACKET) {
    const close = text.indexOf(']', start);
    return close > 0 && close < end && isIpv6(text.slice(start + 1, close)) ? close + 1 : start;
  }
  while (at < end && HOST_NAME[text.charCodeAt(at)] === 1) at++;
  return at;
}

/** Digits that make a port; none at all is what an empty port means (RFC 3986 §3.2.3). */
function isPort(text: string, start: number, end: number): boolean {
  let port = 0;
  for (let at = start; at < end; at++) {
    const digit = HEX[text.charCodeAt(at)] as number;
    port = port * 10 + digit;
    if (digit > 9 || port > MAX_PORT) return false;
  }
  return true;
}

/** RFC 4291 §2.2, without zones. */
function isIpv6(address: string): boolean {
  const halves = address.split('::');
  if (halves.length > 2) return false;
  let groups = 0;
  for (const [i, half] of halves.entries()) {
    if (half === '') continue;
    const parts = half.split(':');
    for (const [j, part] of parts.entries()) {
      const isLast = i === halves.length - 1 && j === parts.length - 1;
      if (isLast && IPV4.test(part)) groups += 2;
      else if (/^[0-9a-fA-F]{1,4}$/.test(part)) groups++;
      else return false;
    }
  }
  return halves.length === 2 ? groups < 8 : groups === 8;
}
