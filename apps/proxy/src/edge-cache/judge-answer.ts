/** Whether an answer may be kept, and on which terms (RFC 9111 §3). */
import { type FieldLines, type Fields, fieldLine } from '@headgate/http1';
import { fieldValue, joinedField } from '../headers.ts';
import { type Directives, parseDirectives } from './cache-control.ts';
import {
  type Arrival,
  dateOf,
  explicitLifetimeMs,
  heuristicLifetimeMs,
  initialAgeMs,
} from './freshness.ts';
import { httpDate } from './http-date.ts';
import type { CachePolicy } from './policy.ts';
import { isHeuristicallyCacheable, isUnderstood, mayBeKept } from './statuses.ts';
import { readTags } from './tags.ts';
import { parseTargetedControl } from './targeted-control.ts';
import { endToEndWhere, fieldsOf, ownText } from './text-fields.ts';
import { varyNames } from './vary.ts';

/** On which terms an answer is kept and used again. */
export interface Terms {
  readonly lifetimeMs: number;
  /** How old it was when it came (RFC 9111 §4.2.3). */
  readonly ageMs: number;
  /** For so long after its lifetime it may be used while it is refreshed (RFC 5861 §3). */
  readonly staleWhileRevalidateMs: number;
  /** For so long after its lifetime it may stand in for an error (RFC 5861 §4). */
  readonly staleIfErrorMs: number;
  /** Whether it may be used when stale, at all. */
  readonly mayServeStale: boolean;
  /** Whether every use must be validated first. */
  readonly alwaysRevalidate: boolean;
  /** Lower-case and sorted names of the request fields that chose it. */
  readonly vary: readonly string[];
  readonly tags: readonly string[];
  readonly etag: string | undefined;
  readonly lastModified: string | undefined;
  /** When the origin made it, wall clock. */
  readonly dateMs: number;
  /** The fields to store. */
  readonly lines: FieldLines;
}

export type Judgement =
  | {
      readonly kind: 'pass';
      /** One token. */
      readonly why: string;
    }
  | {
      readonly kind: 'keep';
      readonly terms: Terms;
      /** Fields that are for the one alone who asked, and are not stored. */
      readonly ownLines: FieldLines;
    };

export interface JudgedRequest {
  readonly method: string;
  readonly hasAuthorization: boolean;
  readonly noStore: boolean;
}

export interface JudgedAnswer {
  readonly status: number;
  /** Of the answer itself, or of lines that were stored and freshened. */
  readonly fields: Fields;
}

/** What the answer says to this cache. */
interface Said extends Directives {
  /** Whether a field for caches like this one says it, which leaves Expires without a say. */
  readonly isTargeted: boolean;
}

/** Of one hop, of one request, or told anew with every use. */
const NEVER_STORED: ReadonlySet<string> = new Set([
  'age',
  'headgate-load',
  'proxy-authentication-info',
  'x-request-id',
]);

/** An answer without these is another one: what says not to store them is about all of it. */
const ESSENTIAL: ReadonlySet<string> = new Set([
  'cache-control',
  'cdn-cache-control',
  'content-encoding',
  'content-type',
  'date',
  'etag',
  'expires',
  'last-modified',
  'location',
  'vary',
]);

/**
 * Judges an answer by what it says, in this order: CDN-Cache-Control (RFC 9213), Cache-Control,
 * Expires, and, where the policy has it, what Last-Modified suggests.
 */
export function judgeAnswer(
  asked: JudgedRequest,
  answer: JudgedAnswer,
  policy: CachePolicy,
  at: Arrival,
): Judgement {
  const { fields, status } = answer;
  const said = directivesOf(fields);
  const vary = varyNames(fields);
  const why = reasonToPass(asked, status, fields, said, policy);
  if (why !== undefined) return pass(why);
  if (vary === undefined) return pass('vary');

  const dateMs = dateOf(fields, at);
  const ageMs = initialAgeMs(fields, dateMs, at);
  const explicitMs = explicitLifetimeMs(said, said.isTargeted ? undefined : fields, dateMs, at);
  const mayGuess = said.isPublic || isHeuristicallyCacheable(status);
  if (explicitMs === undefined && !mayGuess) return pass('status');
  const guessedMs =
    explicitMs === undefined && policy.heuristic
      ? heuristicLifetimeMs(fields, dateMs, at, policy.heuristic)
      : 0;
  // An answer that says nothing at all was not made with caches in mind: validators alone do not
  // tell one user's from another's.
  const isMeant = explicitMs !== undefined || said.isPublic || said.noCache || guessedMs > 0;
  if (!isMeant) return pass('no-freshness');

  const lifetimeMs = explicitMs ?? guessedMs;
  // Who says 0 wants to be asked each time.
  const isShared = said.sharedMaxAgeMs !== undefined;
  const staleByPolicyMs = lifetimeMs === 0 || isShared ? 0 : policy.staleWhileRevalidateMs;
  const lines = linesToStore(fields, said, at);
  const stored = fieldsOf(lines);
  const terms: Terms = {
    lifetimeMs,
    ageMs,
    staleWhileRevalidateMs: said.staleWhileRevalidateMs ?? staleByPolicyMs,
    staleIfErrorMs: said.staleIfErrorMs ?? (isShared ? 0 : policy.staleIfErrorMs),
    // RFC 9111 §4.2.4. s-maxage means proxy-revalidate too (§5.2.2.10), unless the same answer says
    // for how long it may be stale, as origins do that speak to caches like this one.
    mayServeStale: !(
      said.noCache ||
      said.mustRevalidate ||
      said.proxyRevalidate ||
      (isShared && (said.staleWhileRevalidateMs ?? said.staleIfErrorMs) === undefined)
    ),
    alwaysRevalidate: said.noCache,
    vary,
    tags: readTags(stored),
    etag: fieldValue(stored, 'etag'),
    lastModified: fieldValue(stored, 'last-modified'),
    dateMs,
    lines,
  };
  return isOfUse(terms) ? { kind: 'keep', terms, ownLines: ownLines(fields, said) } : pass('stale');
}

/** What forbids to keep the answer, whatever its freshness. */
function reasonToPass(
  asked: JudgedRequest,
  status: number,
  fields: Fields,
  said: Said,
  policy: CachePolicy,
): string | undefined {
  if (asked.method !== 'GET') return 'method';
  if (asked.noStore) return 'request-no-store';
  if (!mayBeKept(status) || (said.mustUnderstand && !isUnderstood(status))) return 'status';
  // RFC 9111 §5.2.2.3: no-store next to must-understand is for caches that do not know the status.
  if (said.noStore && !said.mustUnderstand) return 'no-store';
  if (said.isPrivate || said.privateFields.some((name) => ESSENTIAL.has(name))) return 'private';
  if (said.noCacheFields.some((name) => ESSENTIAL.has(name))) return 'no-cache';
  if (asked.hasAuthorization && !isForAuthorized(said)) return 'authorization';
  if (fields.find('set-cookie') >= 0 && !mayKeepCookies(said, policy)) return 'set-cookie';
  return undefined;
}

/** RFC 9111 §3.5. */
function isForAuthorized(said: Said): boolean {
  return said.isPublic || said.mustRevalidate || said.sharedMaxAgeMs !== undefined;
}

/** A cookie is most often one user's, whatever else the answer says. */
function mayKeepCookies(said: Said, policy: CachePolicy): boolean {
  if (isNamed(said, 'set-cookie')) return true;
  return policy.keepsSetCookie && (said.isPublic || said.sharedMaxAgeMs !== undefined);
}

function isNamed(said: Said, name: string): boolean {
  return said.privateFields.includes(name) || said.noCacheFields.includes(name);
}

function directivesOf(fields: Fields): Said {
  const targeted = parseTargetedControl(joinedField(fields, 'cdn-cache-control') ?? '');
  if (targeted) return { ...targeted, isTargeted: true };
  return { ...parseDirectives(joinedField(fields, 'cache-control') ?? ''), isTargeted: false };
}

/** The end-to-end fields that are for everybody; with a Date, which §6.6.1 of RFC 9110 asks for. */
function linesToStore(fields: Fields, said: Said, at: Arrival): FieldLines {
  return dated(fields, (name) => !NEVER_STORED.has(name) && !isNamed(said, name), at.epochMs);
}

function dated(fields: Fields, isKept: (name: string) => boolean, epochMs: number): FieldLines {
  const date = fields.find('date') < 0 ? fieldLine('date', httpDate(epochMs)) : '';
  return ownText((endToEndWhere(fields, isKept) + date) as FieldLines);
}

/** Of lines that may not be stored, what is passed on to the one who asked for them. */
export function linesForOne(lines: FieldLines, epochMs: number): FieldLines {
  return dated(fieldsOf(lines), (name) => !NEVER_STORED.has(name), epochMs);
}

/** The fields named as one user's: that user gets them. */
function ownLines(fields: Fields, said: Said): FieldLines {
  if (said.privateFields.length + said.noCacheFields.length === 0) return '' as FieldLines;
  return ownText(endToEndWhere(fields, (name) => !NEVER_STORED.has(name) && isNamed(said, name)));
}

/** Whether it will ever answer anything: now, after validation, or when stale. */
function isOfUse(terms: Terms): boolean {
  if (terms.etag !== undefined || terms.lastModified !== undefined) return true;
  if (terms.alwaysRevalidate) return false;
  if (terms.lifetimeMs > terms.ageMs) return true;
  return (
    terms.mayServeStale &&
    terms.lifetimeMs + Math.max(terms.staleWhileRevalidateMs, terms.staleIfErrorMs) > terms.ageMs
  );
}

function pass(why: string): Judgement {
  return { kind: 'pass', why };
}
