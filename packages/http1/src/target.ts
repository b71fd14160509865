/** The four forms of a request target (RFC 9112 §3.2) and which method may use which. */
import { hasPort, isAuthority } from './authority.ts';
import { BACKSLASH } from './char-class.ts';
import { refuse } from './refusal.ts';

/** How the target names the resource: `/path`, `http://host/path`, `host:port` or `*`. */
export type TargetForm = 'origin' | 'absolute' | 'authority' | 'asterisk';

const SLASH = 0x2f;
const QUESTION_MARK = 0x3f;
const ASTERISK = 0x2a;
const HTTP_SCHEME = /https?:\/\//iy;

/**
 * The form of the target that is `text` from `start` to `end`, all of whose characters may stand
 * in one. Refuses what is none of the four, or not the one that the method demands. Percent
 * escapes and dot segments are left to whoever normalises the path.
 */
export function targetForm(text: string, start: number, end: number, method: string): TargetForm {
  if (method === 'CONNECT') {
    if (!isAuthority(text, start, end) || !hasPort(text, start, end)) refuse('invalid-target');
    return 'authority';
  }
  const first = text.charCodeAt(start);
  if (first === SLASH) {
    refuseBackslashInPath(text, start, end);
    return 'origin';
  }
  if (first === ASTERISK) {
    if (end !== start + 1 || method !== 'OPTIONS') refuse('invalid-target');
    return 'asterisk';
  }
  const authorityEnd = absoluteAuthorityEnd(text, start, end);
  if (!isAuthority(text, absoluteAuthorityStart(text, start), authorityEnd)) {
    refuse('invalid-target');
  }
  refuseBackslashInPath(text, authorityEnd, end);
  return 'absolute';
}

/** Where the authority of an absolute-form target begins; refuses every scheme but http(s). */
export function absoluteAuthorityStart(text: string, start: number): number {
  HTTP_SCHEME.lastIndex = start;
  if (!HTTP_SCHEME.test(text)) refuse('invalid-target');
  return HTTP_SCHEME.lastIndex;
}

/** Where the authority of an absolute-form target ends: at its path, its query or its end. */
export function absoluteAuthorityEnd(text: string, start: number, end: number): number {
  let at = absoluteAuthorityStart(text, start);
  while (at < end && text.charCodeAt(at) !== SLASH && text.charCodeAt(at) !== QUESTION_MARK) at++;
  return at;
}

/** Browsers turn `\` into `/` in a path and parsers disagree; in a query it is a character. */
function refuseBackslashInPath(text: string, start: number, end: number): void {
  for (let at = start; at < end; at++) {
    const code = text.charCodeAt(at);
    if (code === QUESTION_MARK) return;
    if (code === BACKSLASH) refuse('invalid-target');
  }
}
