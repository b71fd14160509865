/** The request behind a stored answer: what of a client's fields an upstream may see. */
import { type FieldLines, type Fields, fieldLine } from '@headgate/http1';
import { endToEndRequestLines } from '../headers.ts';
import { isNegotiated, normalField } from './field-value.ts';
import type { KeyRules } from './policy.ts';
import { endToEndWhere, fieldsOf } from './text-fields.ts';

/**
 * Fields by which one client could choose what all others get. Some origins take the host, the path,
 * the method or the scheme from them instead of from the request, yet none of them is part of the
 * key. Conditions, ranges and wishes are those of one client, too. Names as with `-`, of which `_`
 * is another spelling.
 */
const FOR_ONE_CLIENT: ReadonlySet<string> = new Set([
  'cache-control',
  'forwarded-host',
  'front-end-https',
  'http-host',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'max-forwards',
  'pragma',
  'range',
  'request-uri',
  'x-forwarded',
  'x-host',
  'x-http-destinationurl',
  'x-http-host-override',
  'x-http-method',
  'x-http-method-override',
  'x-method-override',
  'x-original-host',
  'x-original-method',
  'x-original-path',
  'x-original-uri',
  'x-original-url',
  'x-override-url',
  'x-proxy-url',
  'x-rewrite-uri',
  'x-rewrite-url',
  'x-scheme',
  'x-sendfile-type',
  'x-server-name',
  'x-url-scheme',
]);

/** X-Forwarded-* that the edge does not write itself, and what describes a body: there is none. */
const FOR_ONE_CLIENT_PREFIX = /^(?:x-forwarded-|content-)/;

/**
 * The end-to-end fields of a client's request for a fetch whose answer others will get. What the key
 * is made of stays. Accept-Encoding and Accept-Language are sent as they are keyed: what an origin
 * makes of their finer points goes for all that share the key.
 */
export function fillRequestLines(fields: Fields, rules: KeyRules): FieldLines {
  const passedOn = fieldsOf(endToEndRequestLines(fields));
  let negotiated = '';
  for (const name of ['accept-encoding', 'accept-language']) {
    const value = normalField(name, passedOn);
    if (value !== undefined) negotiated += fieldLine(name, value);
  }
  const rest = endToEndWhere(
    passedOn,
    (name) => !isNegotiated(name) && (rules.headers.includes(name) || !isForOneClient(name)),
  );
  return (rest + negotiated) as FieldLines;
}

function isForOneClient(lowerName: string): boolean {
  const name = lowerName.replaceAll('_', '-');
  return FOR_ONE_CLIENT.has(name) || FOR_ONE_CLIENT_PREFIX.test(name);
}
