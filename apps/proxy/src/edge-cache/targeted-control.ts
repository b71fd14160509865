/** CDN-Cache-Control: what an origin says to caches like this one alone (RFC 9213). */
import { type Directives, isTime, parseDirectives } from './cache-control.ts';

const KEY = '[a-z*][a-z0-9_.*-]*';
const INTEGER = '-?\\d{1,15}(?![\\d.])';
const STRING = '"(?:[ !#-\\[\\]-~]|\\\\["\\\\])*"';
const TOKEN = "[A-Za-z*][!#$%&'*+.^_`|~0-9A-Za-z:/-]*";
const DECIMAL = '-?\\d{1,12}\\.\\d{1,3}';
const BYTES = ':[A-Za-z0-9+/=]*:';
const BARE = `(?:${INTEGER}|${STRING}|${TOKEN}|${DECIMAL}|${BYTES}|\\?[01]|@-?\\d{1,15})`;
const PARAMETERS = `(?:; *${KEY}(?:=${BARE})?)*`;
const ITEM = `${BARE}${PARAMETERS}`;
const INNER_LIST = `\\( *(?:${ITEM}(?: +${ITEM})* *)?\\)`;

/** One member of a dictionary (RFC 9651 §4.2.2): its key and its value, and that another follows. */
const MEMBER = new RegExp(
  `(${KEY})(?:=(${BARE}|${INNER_LIST}))?${PARAMETERS}[ \\t]*(?:(,)[ \\t]*|$)`,
  'y',
);
const IS_INTEGER = new RegExp(`^${INTEGER}$`);

/**
 * What `value`, the lines joined with commas, says. Undefined when that is nothing or no dictionary
 * of directives: then it is as if the field were not there (RFC 9213 §2.1).
 */
export function parseTargetedControl(value: string): Directives | undefined {
  const text = value.trim();
  const members = new Map<string, string>();
  for (let at = 0, isMore = text !== ''; isMore; at = MEMBER.lastIndex) {
    MEMBER.lastIndex = at;
    const found = MEMBER.exec(text);
    if (!found) return undefined;
    const [, key = '', said = '?1', comma] = found;
    if (isTime(key) && !IS_INTEGER.test(said)) return undefined;
    members.set(key, said);
    isMore = comma !== undefined;
  }
  return members.size === 0 ? undefined : parseDirectives(written(members));
}

/** As Cache-Control would have it. */
function written(members: ReadonlyMap<string, string>): string {
  return [...members]
    .filter(([, said]) => said !== '?0')
    .map(([key, said]) => (said === '?1' ? key : `${key}=${said}`))
    .join(', ');
}
