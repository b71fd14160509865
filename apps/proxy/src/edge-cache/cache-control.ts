/** Cache-Control as it is written, in requests and in answers (RFC 9111 §5.2). */

/** What a Cache-Control says; times in milliseconds, undefined where nothing is said. */
export interface Directives {
  readonly noStore: boolean;
  /** Without names: for the whole answer. */
  readonly noCache: boolean;
  /** Lower-case names of the fields `no-cache="…"` is about; empty when none are named. */
  readonly noCacheFields: readonly string[];
  /** Without names: for the whole answer. */
  readonly isPrivate: boolean;
  readonly privateFields: readonly string[];
  readonly isPublic: boolean;
  readonly mustRevalidate: boolean;
  readonly proxyRevalidate: boolean;
  readonly mustUnderstand: boolean;
  readonly noTransform: boolean;
  readonly isImmutable: boolean;
  readonly onlyIfCached: boolean;
  readonly maxAgeMs: number | undefined;
  readonly sharedMaxAgeMs: number | undefined;
  readonly minFreshMs: number | undefined;
  /** Infinity for `max-stale` without a number. */
  readonly maxStaleMs: number | undefined;
  readonly staleWhileRevalidateMs: number | undefined;
  readonly staleIfErrorMs: number | undefined;
  /** Lower-case names of directives this cache does not know. */
  readonly unknown: readonly string[];
}

type Draft = {
  -readonly [K in keyof Directives]: Directives[K] extends readonly string[]
    ? string[]
    : Directives[K];
};

const FLAGS = {
  'no-store': 'noStore',
  public: 'isPublic',
  'must-revalidate': 'mustRevalidate',
  'proxy-revalidate': 'proxyRevalidate',
  'must-understand': 'mustUnderstand',
  'no-transform': 'noTransform',
  immutable: 'isImmutable',
  'only-if-cached': 'onlyIfCached',
} as const;

const TIMES = {
  'max-age': 'maxAgeMs',
  's-maxage': 'sharedMaxAgeMs',
  'min-fresh': 'minFreshMs',
  'max-stale': 'maxStaleMs',
  'stale-while-revalidate': 'staleWhileRevalidateMs',
  'stale-if-error': 'staleIfErrorMs',
} as const;

/** What allows more is taken only as it should be written; what forbids also with rubbish behind. */
const ALLOWING: ReadonlySet<string> = new Set(['public', 'must-understand', 'immutable']);

/** RFC 9111 §4.2.1: an answer whose times are invalid is best taken for stale. */
const INVALID_MS = 0;
/** RFC 9111 §1.2.2: a greater number is read as this. */
const MAX_SECONDS = 2 ** 31;

/**
 * A directive with its value, quoted or not. A quote that is not closed, or that more follows,
 * quotes nothing: what it might hide, such as a no-store, counts.
 */
const DIRECTIVE = /(?<=^|,)[ \t]*([^,=]+)(?:=(?:"((?:[^"\\]|\\.)*)"(?=[ \t]*(?:,|$))|([^,]*)))?/g;
const FIELD_NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const DELTA_SECONDS = /^\d+$/;

const NONE: Directives = {
  noStore: false,
  noCache: false,
  noCacheFields: [],
  isPrivate: false,
  privateFields: [],
  isPublic: false,
  mustRevalidate: false,
  proxyRevalidate: false,
  mustUnderstand: false,
  noTransform: false,
  isImmutable: false,
  onlyIfCached: false,
  maxAgeMs: undefined,
  sharedMaxAgeMs: undefined,
  minFreshMs: undefined,
  maxStaleMs: undefined,
  staleWhileRevalidateMs: undefined,
  staleIfErrorMs: undefined,
  unknown: [],
};

/**
 * Reads the Cache-Control values of a message, joined with commas. Takes any text: of directives
 * that are said twice the stricter counts, and times that are no numbers are 0.
 */
export function parseDirectives(value: string): Directives {
  if (value === '') return NONE;
  const draft: Draft = { ...NONE, noCacheFields: [], privateFields: [], unknown: [] };
  for (const [, raw = '', quoted, token] of value.matchAll(DIRECTIVE)) {
    const said = raw.toLowerCase();
    const name = said.split(/[\s"]/, 1)[0] as string;
    const argument = quoted === undefined ? token?.trimEnd() : quoted.replace(/\\(.)/g, '$1');
    // Nothing may stand between a name and its `=`.
    const isWellFormed = argument === undefined ? said.trimEnd() === name : said === name;
    if (name !== '') take(draft, name, argument, isWellFormed);
  }
  return draft;
}

/** Whether the value of this directive (lower-case) is a number of seconds. */
export function isTime(name: string): boolean {
  return Object.hasOwn(TIMES, name);
}

function take(
  draft: Draft,
  name: string,
  argument: string | undefined,
  isWellFormed: boolean,
): void {
  if (name === 'no-cache') {
    const names = fieldNames(argument);
    if (names) draft.noCacheFields.push(...names);
    else draft.noCache = true;
  } else if (name === 'private') {
    const names = fieldNames(argument);
    if (names) draft.privateFields.push(...names);
    else draft.isPrivate = true;
  } else if (isKeyOf(FLAGS, name)) {
    if (isWellFormed || !ALLOWING.has(name)) draft[FLAGS[name]] = true;
  } else if (isKeyOf(TIMES, name)) {
    const key = TIMES[name];
    const ms = isWellFormed ? timeMs(name, argument) : INVALID_MS;
    draft[key] = stricter(name, draft[key], ms);
  } else {
    draft.unknown.push(name);
  }
}

function isKeyOf<T extends object>(table: T, name: string): name is keyof T & string {
  return Object.hasOwn(table, name);
}

function timeMs(name: string, argument: string | undefined): number {
  if (name === 'max-stale' && argument === undefined) return Number.POSITIVE_INFINITY;
  if (argument === undefined || !DELTA_SECONDS.test(argument)) return INVALID_MS;
  return Math.min(Number(argument), MAX_SECONDS) * 1_000;
}

function stricter(name: string, before: number | undefined, ms: number): number {
  if (before === undefined) return ms;
  return name === 'min-fresh' ? Math.max(before, ms) : Math.min(before, ms);
}

/** The names in `private="…"`; undefined when it is not about single fields, or nobody can tell. */
function fieldNames(argument: string | undefined): string[] | undefined {
  if (argument === undefined) return undefined;
  const names = argument
    .toLowerCase()
    .split(',')
    .map((name) => name.trim())
    .filter((name) => name !== '');
  return names.length > 0 && names.every((name) => FIELD_NAME.test(name)) ? names : undefined;
}
