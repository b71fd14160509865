/**
 * Request targets (RFC 9112 §3.2): parses the four forms and normalises the path once
 * (RFC 3986 §6.2.2), so that what is routed is exactly what is sent on.
 */

export type Target =
  | { readonly ok: true; readonly path: string; readonly query: string; readonly host?: string }
  | { readonly ok: false; readonly reason: string };

const ABSOLUTE_FORM = /^https?:\/\/([^/?#]+)([/?].*)?$/i;

/**
 * Parses and normalises a request target.
 * - `path` starts with `/` (or is `*` for OPTIONS), has no dot segments, upper-case percent
 *   triplets, and no triplet that encodes an unreserved character.
 * - `query` is kept as it came, with its leading `?`, or empty.
 * - `host` is present for absolute-form targets, whose authority replaces Host (RFC 9112 §3.2.2).
 */
export function parseTarget(target: string, method: string): Target {
  if (target === '*') {
    return method === 'OPTIONS'
      ? { ok: true, path: '*', query: '' }
      : refused('the target * is for OPTIONS only');
  }
  let rest = target;
  let host: string | undefined;
  if (!target.startsWith('/')) {
    const absolute = ABSOLUTE_FORM.exec(target);
    if (!absolute?.[1]) {
      return refused('the request target is neither a path nor an absolute http URL');
    }
    host = absolute[1];
    if (host.includes('@')) return refused('the request target carries user information');
    if (!isVisibleAscii(host) || host.includes('\\')) {
      return refused('the authority of the request target is not a host');
    }
    // RFC 9112 §3.2.4: an absolute OPTIONS without a path is about the server itself.
    if (absolute[2] === undefined && method === 'OPTIONS') {
      return { ok: true, path: '*', query: '', host };
    }
    rest = absolute[2] ?? '/';
    if (rest.startsWith('?')) rest = `/${rest}`;
  }
  if (rest.includes('#')) return refused('the request target has a fragment');
  const queryAt = rest.indexOf('?');
  const rawPath = queryAt < 0 ? rest : rest.slice(0, queryAt);
  const query = queryAt < 0 ? '' : rest.slice(queryAt);
  if (!isVisibleAscii(query)) return refused('the query has a character that must be encoded');
  const path = normalisePath(rawPath);
  if (path === undefined) {
    return refused('the path has a malformed escape, an encoded NUL or a forbidden character');
  }
  return host === undefined ? { ok: true, path, query } : { ok: true, path, query, host };
}

function refused(reason: string): Target {
  return { ok: false, reason };
}

/** The normal form of an absolute path, or undefined when it is malformed. */
function normalisePath(raw: string): string | undefined {
  if (!isVisibleAscii(raw) || raw.includes('\\')) return undefined;
  let path = raw;
  if (raw.includes('%')) {
    const decoded = decodeUnreserved(raw);
    if (decoded === undefined) return undefined;
    path = decoded;
  }
  return path.includes('/.') ? removeDotSegments(path) : path;
}

function isVisibleAscii(text: string): boolean {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code <= 0x20 || code >= 0x7f) return false;
  }
  return true;
}

const TRIPLET = /^[0-9a-fA-F]{2}$/;
const UNRESERVED = /[A-Za-z0-9._~-]/;

function decodeUnreserved(path: string): string | undefined {
  let out = '';
  let from = 0;
  for (let at = path.indexOf('%'); at >= 0; at = path.indexOf('%', from)) {
    const hex = path.slice(at + 1, at + 3);
    if (!TRIPLET.test(hex)) return undefined;
    const code = Number.parseInt(hex, 16);
    if (code === 0) return undefined;
    const char = String.fromCharCode(code);
    out += path.slice(from, at) + (UNRESERVED.test(char) ? char : `%${hex.toUpperCase()}`);
    from = at + 3;
  }
  return out + path.slice(from);
}

/** RFC 3986 §5.2.4 for an absolute path; `..` never climbs above the root. */
function removeDotSegments(path: string): string {
  const out: string[] = [];
  const segments = path.split('/');
  const last = segments.length - 1;
  for (let i = 1; i <= last; i++) {
    const segment = segments[i] as string;
    if (segment === '.' || segment === '..') {
      if (segment === '..') out.pop();
      if (i === last) out.push('');
    } else {
      out.push(segment);
    }
  }
  return `/${out.join('/')}`;
}
