/** From the body of a purge to what is to be forgotten. */
import type { PurgeOrder } from '../edge-cache/purge-order.ts';
import { parseTarget } from '../target.ts';

export type ParsedPurge =
  | { readonly ok: true; readonly order: PurgeOrder }
  | { readonly ok: false; readonly field?: string; readonly detail: string };

/** What a purge may be said by; each has exactly one of these. */
const KINDS = ['url', 'prefix', 'tag', 'tags', 'all'] as const;

const EXPECTED = `expected exactly one of ${KINDS.map((kind) => `"${kind}"`).join(', ')}`;

const MAX_TAGS = 100;
const MAX_TAG_BYTES = 256;

/** `{"url": "http://host/path?x"}`, `{"prefix": …}`, `{"tag": …}`, `{"tags": […]}` or `{"all": true}`. */
export function parsePurge(body: Readonly<Record<string, unknown>>): ParsedPurge {
  const names = Object.keys(body);
  const unknown = names.find((name) => !KINDS.some((kind) => kind === name));
  if (unknown !== undefined) return refuse(unknown, `${EXPECTED}, got "${unknown}"`);
  const [kind, other] = KINDS.filter((each) => names.includes(each));
  if (kind === undefined) return { ok: false, detail: EXPECTED };
  if (other !== undefined) return refuse(other, `${EXPECTED}, got "${kind}" and "${other}"`);
  const value = body[kind];
  switch (kind) {
    case 'url':
    case 'prefix': {
      const problem = urlProblem(kind, value);
      if (problem !== undefined) return refuse(kind, problem);
      const text = String(value);
      const order = kind === 'url' ? { kind, url: text } : { kind, prefix: text };
      return { ok: true, order };
    }
    case 'tag':
      return parseTags(kind, [value]);
    case 'tags':
      return Array.isArray(value)
        ? parseTags(kind, value)
        : refuse(kind, `expected a list of tags, ${got(value)}`);
    case 'all':
      return value === true
        ? { ok: true, order: { kind } }
        : refuse(kind, `expected true, ${got(value)}`);
  }
}

function urlProblem(kind: 'url' | 'prefix', value: unknown): string | undefined {
  const example = kind === 'url' ? 'http://api.example/items?page=2' : 'http://api.example/items/';
  const expected = `expected an absolute URL such as ${example}`;
  if (typeof value !== 'string' || !/^https?:\/\//i.test(value) || !URL.canParse(value)) {
    return `${expected}, ${got(value)}`;
  }
  if (!/^[\x21-\x7e]+$/.test(value)) return `${expected}, percent-encoded as clients send it`;
  const { username, password, hash } = new URL(value);
  if (username !== '' || password !== '' || hash !== '' || value.endsWith('#')) {
    return `${expected}, without a user and without #fragment, which no request has`;
  }
  const target = parseTarget(value, 'GET');
  if (!target.ok) return `no request can ask for this: ${target.reason}`;
  if (kind === 'url') return undefined;
  if (value.endsWith('*')) return 'expected where the URLs begin, without the * at the end';
  // Else http://api.example would mean http://api.example.org as well.
  return /^https?:\/\/[^/]+\//i.test(value)
    ? undefined
    : `${expected}; for all of a host end it in /, as in ${value}/`;
}

function parseTags(field: 'tag' | 'tags', tags: readonly unknown[]): ParsedPurge {
  if (tags.length === 0 || tags.length > MAX_TAGS) {
    return refuse(field, `expected 1 to ${MAX_TAGS} tags, got ${tags.length}`);
  }
  const wrong = tags.find((tag) => !isTag(tag));
  if (wrong !== undefined) {
    const expected = `expected tags of 1 to ${MAX_TAG_BYTES} bytes without spaces and commas`;
    return refuse(field, `${expected}, ${got(wrong)}`);
  }
  return { ok: true, order: { kind: 'tags', tags: [...new Set(tags as readonly string[])] } };
}

function isTag(tag: unknown): boolean {
  if (typeof tag !== 'string' || Buffer.byteLength(tag) > MAX_TAG_BYTES) return false;
  return /^[^\s,\p{Cc}]+$/u.test(tag);
}

function got(value: unknown): string {
  const text = JSON.stringify(value);
  return `got ${text.length > 100 ? `${text.slice(0, 100)}…` : text}`;
}

function refuse(field: string, detail: string): ParsedPurge {
  return { ok: false, field, detail };
}
