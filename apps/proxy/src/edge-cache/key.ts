/** What a stored answer is found under: the key of its URL, and among its variants that of the fields. */
import type { Fields } from '@headgate/http1';
import { normalField } from './field-value.ts';
import type { KeyRules } from './policy.ts';
import { fieldsOf } from './text-fields.ts';

/** The URL a client asks for, as the edge understood it. */
export interface AskedUrl {
  readonly proto: 'http' | 'https';
  /** The authority the request is for; a port may be said. */
  readonly host: string;
  /** The host a trusted proxy says the client asked for, which upstreams are told. */
  readonly forwardedHost: string | undefined;
  /** Normalised. */
  readonly path: string;
  /** As it came, with its leading `?`; or empty. */
  readonly query: string;
}

/** A host that is in its normal form already, as nearly all are. */
const PLAIN_HOST = /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/;

/** Options of Connection that name no field. */
const ABOUT_CONNECTION = /^(?:close|keep-alive|upgrade|[ \t,])*$/i;

/**
 * The key of a URL: the URL itself, `scheme://host/path?query`, as it is purged by. Where upstreams
 * are told of another host, that follows, behind a space, which no URL has.
 */
export function primaryKeyOf(asked: AskedUrl, rules: KeyRules): string {
  const { proto, host, forwardedHost } = asked;
  const url = siteOf(proto, host) + asked.path + keyedQuery(asked.query, rules);
  if (forwardedHost === undefined || forwardedHost === normalHost(host, proto)) return url;
  // As it is spelled: so are upstreams told of it.
  return `${url} ${forwardedHost}`;
}

/** Nearly all requests are for the same host as the one before. */
let last = { proto: '', host: '', site: '' };

function siteOf(proto: 'http' | 'https', host: string): string {
  if (last.host !== host || last.proto !== proto) {
    last = { proto, host, site: `${proto}://${normalHost(host, proto)}` };
  }
  return last.site;
}

/**
 * The part of a query that counts, with its leading `?`; empty when there is none. Parameters keep
 * their order. A parameter with a `;` counts in any case: to some origins it is several.
 */
export function keyedQuery(query: string, rules: KeyRules): string {
  if (rules.query === 'none' || query === '' || query === '?') return '';
  if (rules.query === 'all') return query;
  const counts = parameterRule(rules.query);
  const kept = query
    .slice(1)
    .split('&')
    .filter(
      (parameter) => parameter !== '' && (parameter.includes(';') || counts(nameOf(parameter))),
    );
  return kept.length === 0 ? '' : `?${kept.join('&')}`;
}

/**
 * The key among the variants of one URL: what the request has in the fields `names` (lower-case and
 * sorted), as far as it can make a difference. Empty when there are none. No name has a `:`, and no
 * value a line end; a field that is absent has neither `:` nor value.
 */
export function variantKeyOf(names: readonly string[], fields: Fields): string {
  if (names.length === 0) return '';
  const sent = asSentOn(fields);
  let key = '';
  for (const name of names) {
    const value = normalField(name, sent);
    key += value === undefined ? `${name}\n` : `${name}:${value}\n`;
  }
  return key;
}

/** What Connection names does not reach the origin, and has chosen nothing. */
function asSentOn(fields: Fields): Fields {
  for (let i = fields.find('connection'); i >= 0; i = fields.find('connection', i + 1)) {
    if (!ABOUT_CONNECTION.test(fields.value(i))) return fieldsOf(fields.endToEnd());
  }
  return fields;
}

/** In lower case, without the port that is the scheme's own and without the dot of the root. */
export function normalHost(host: string, proto: 'http' | 'https'): string {
  if (PLAIN_HOST.test(host)) return host;
  const { name = '', port = '' } = /^(?<name>.*?)(?::(?<port>\d*))?$/s.exec(host)?.groups ?? {};
  const isOwnPort = port === '' || port === (proto === 'http' ? '80' : '443');
  const bare = name.endsWith('.') && name.length > 1 ? name.slice(0, -1) : name;
  return `${bare.toLowerCase()}${isOwnPort ? '' : `:${port}`}`;
}

function parameterRule(
  rule: { readonly only: readonly string[] } | { readonly without: readonly string[] },
): (name: string) => boolean {
  return 'only' in rule
    ? (name) => rule.only.includes(name)
    : (name) => !rule.without.includes(name);
}

/** As origins read it. */
function nameOf(parameter: string): string {
  const equals = parameter.indexOf('=');
  const raw = equals < 0 ? parameter : parameter.slice(0, equals);
  if (!raw.includes('%') && !raw.includes('+')) return raw;
  const spaced = raw.replaceAll('+', ' ');
  try {
    return decodeURIComponent(spaced);
  } catch {
    return spaced;
  }
}
