/**
 * What RFC 9111 lets a shared cache answer, as simply as it can be said: given all that an origin
 * has answered so far for one page, which of it may be the answer to a request. A cache may always
 * ask the origin instead, so there are many right answers, and the model only says which are wrong.
 */

/** What an origin says of its answers; times in seconds. */
export interface Manner {
  readonly status: 200 | 404 | 500 | 503;
  /** undefined: it does not say. */
  readonly maxAge: number | undefined;
  /** It has spent so long in other caches already. */
  readonly age: number;
  readonly staleWhileRevalidate: number;
  readonly staleIfError: number;
  readonly directives: readonly Directive[];
  readonly varies: 'no' | 'by kind' | 'by everything';
  readonly hasTag: boolean;
  readonly setsCookie: boolean;
}

type Directive = 'no-store' | 'private' | 'no-cache' | 'must-revalidate' | 'public';

export interface Asked {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST';
  /** A field that answers may vary by. */
  readonly kind: string | undefined;
  readonly user: string | undefined;
  readonly wants: Want;
}

type Want = 'anything' | 'no-cache' | 'no-store' | 'max-age=5' | 'max-stale' | 'only-if-cached';

/** One answer of the origin with content, or a confirmation (304) of those with a tag. */
export interface Told {
  readonly what: 'answer' | 'confirmation';
  /** Of an answer: its number. Of a confirmation: undefined. */
  readonly id: number | undefined;
  /** What it would be known by later. */
  readonly tag: string;
  readonly manner: Manner;
  readonly asked: Asked;
  readonly atMs: number;
}

/** A change of the page that succeeded. */
interface Change {
  readonly atMs: number;
}

export interface Page {
  readonly told: readonly Told[];
  readonly changes: readonly Change[];
  /** Numbers of answers that clients have been given, in order. */
  readonly given: readonly number[];
}

/** An answer as the client got it. */
export interface Got {
  readonly asked: Asked;
  readonly status: number;
  /** Which answer of the origin it is; undefined when it is none. */
  readonly id: number | undefined;
  /** As its Age says. */
  readonly age: number | undefined;
  readonly sentMs: number;
  readonly gotMs: number;
}

/** Time a machine may lose between two lines of code, in favour of the cache. */
const SLACK_MS = 250;

/** Why the client must not have got this; undefined when it may. */
export function objectionTo(got: Got, page: Page): string | undefined {
  const { asked, status, id } = got;
  if (id === undefined) {
    const isExpected = status === 504 && asked.wants === 'only-if-cached';
    return isExpected ? undefined : `${status} is no answer of the origin`;
  }
  const answer = page.told.find((one) => one.id === id);
  if (!answer) return `the origin never gave answer ${id} for this page`;
  if (status !== answer.manner.status)
    return `${status}, but answer ${id} is ${answer.manner.status}`;
  if (isOwn(answer, got)) {
    const isRefused = asked.wants === 'only-if-cached' && isRead(asked);
    return isRefused ? 'the origin was asked all the same' : undefined;
  }
  return objectionToReuse(answer, got, page);
}

function isRead({ method }: Asked): boolean {
  return method === 'GET' || method === 'HEAD';
}

/** Was it made for this very request? */
function isOwn({ asked, atMs }: Told, got: Got): boolean {
  const isInTime = atMs >= got.sentMs && atMs <= got.gotMs;
  // A HEAD may be made a GET of, and the other way round never.
  const isSame = asked.kind === got.asked.kind && asked.user === got.asked.user;
  return isInTime && isSame && (asked.method === got.asked.method || got.asked.method === 'HEAD');
}

function objectionToReuse(answer: Told, got: Got, page: Page): string | undefined {
  const { manner, asked } = answer;
  if (got.asked.method !== 'GET' && got.asked.method !== 'HEAD')
    return 'it was not for this method';
  if (asked.method !== 'GET') return `a ${asked.method} brought it`;
  const unkeepable = whyNotKept(answer);
  if (unkeepable) return unkeepable;
  if (manner.varies === 'by kind' && asked.kind !== got.asked.kind) {
    return `it was for kind ${asked.kind}`;
  }
  const replaced = page.given.slice(page.given.indexOf(answer.id as number) + 1).find((id) => {
    const later = page.told.find((one) => one.id === id);
    return later && replaces(later, answer, got.asked, page);
  });
  if (replaced !== undefined) return `answer ${replaced} has replaced it`;
  const states = statesOf(answer, got, page);
  const isConfirmed = states.some(
    ({ what, atMs }) => what === 'confirmation' && atMs >= got.sentMs,
  );
  const objections = states.map((state) => objectionToState(state, got, page, isConfirmed));
  return objections.includes(undefined) ? undefined : objections.join('; ');
}

/** Why no shared cache that is careful with cookies may keep it. */
function whyNotKept({ manner, asked }: Told): string | undefined {
  const { directives } = manner;
  if (asked.wants === 'no-store') return 'who asked for it wanted it kept nowhere';
  if (directives.includes('no-store')) return 'it says no-store';
  if (directives.includes('private')) return 'it says private';
  if (manner.setsCookie) return 'it sets a cookie';
  if (manner.varies === 'by everything') return 'it varies by everything';
  const isForAll = directives.includes('public') || directives.includes('must-revalidate');
  if (asked.user !== undefined && !isForAll) return `it was for user ${asked.user}`;
  return undefined;
}

/** Of those that suit, the newest (§4); once a page varies, a cache may know each for its kind only. */
function replaces(later: Told, answer: Told, asked: Asked, page: Page): boolean {
  if (later.atMs <= answer.atMs || later.asked.method !== 'GET' || whyNotKept(later)) return false;
  if (later.asked.user !== undefined || later.manner.maxAge === undefined) return false;
  if (later.manner.status >= 500) return false;
  if (later.asked.kind === asked.kind) return true;
  return page.told.every(({ manner: { varies } }) => varies === 'no');
}

/** The answer itself, and what has confirmed it since; the newest that was there, and newer ones. */
function statesOf(answer: Told, got: Got, page: Page): readonly Told[] {
  const confirmations = page.told.filter(
    (one) =>
      one.what === 'confirmation' &&
      answer.manner.hasTag &&
      one.tag === answer.tag &&
      one.atMs >= answer.atMs &&
      one.atMs <= got.gotMs,
  );
  const all = [answer, ...confirmations];
  const last = all.findLastIndex(({ atMs }) => atMs < got.sentMs - SLACK_MS);
  return all.slice(Math.max(last, 0));
}

function objectionToState(
  { manner, atMs, what }: Told,
  got: Got,
  page: Page,
  isConfirmed: boolean,
): string | undefined {
  if (page.changes.some((change) => change.atMs > atMs && change.atMs < got.sentMs)) {
    return 'the page has changed since';
  }
  if (what === 'confirmation' && atMs >= got.sentMs) return undefined;
  const wants = got.asked.wants;
  const ageMs = got.sentMs - atMs + manner.age * 1_000 - SLACK_MS;
  if (got.age !== undefined && got.age * 1_000 < ageMs - 1_000 && !isConfirmed) {
    return `it says it is ${got.age} s old, and is ${ageMs} ms`;
  }
  if (wants === 'no-cache') return 'the client wanted it confirmed';
  // A wish for a newer one than there is to be had may go unheard (§5.2.1).
  if (wants === 'max-age=5' && ageMs > 5_000 && !hasFailed(got, page))
    return `it is ${ageMs} ms old`;
  if (manner.directives.includes('no-cache')) return 'it must be confirmed every time';
  const staleMs = ageMs - (manner.maxAge ?? 0) * 1_000;
  if (staleMs < 0) return undefined;
  return mayBeStale(manner, staleMs, got, page) ? undefined : `it is stale by ${staleMs} ms`;
}

function mayBeStale(manner: Manner, staleMs: number, got: Got, page: Page): boolean {
  if (manner.directives.includes('must-revalidate')) return false;
  if (got.asked.wants === 'max-stale') return true;
  if (staleMs < manner.staleWhileRevalidate * 1_000) return true;
  return hasFailed(got, page) && staleMs < manner.staleIfError * 1_000;
}

/** Has the origin answered with an error while the client waited? */
function hasFailed(got: Got, { told }: Page): boolean {
  return told.some(
    ({ manner: { status }, atMs }) => status >= 500 && atMs >= got.sentMs - SLACK_MS,
  );
}

/** The lines in which an origin says this. */
export function linesOf(manner: Manner, tag: string): readonly string[] {
  const { maxAge, staleWhileRevalidate, staleIfError, directives } = manner;
  const said = [
    ...(maxAge === undefined ? [] : [`max-age=${maxAge}`]),
    ...(staleWhileRevalidate > 0 ? [`stale-while-revalidate=${staleWhileRevalidate}`] : []),
    ...(staleIfError > 0 ? [`stale-if-error=${staleIfError}`] : []),
    ...directives,
  ];
  return [
    ...(said.length > 0 ? [`Cache-Control: ${said.join(', ')}`] : []),
    ...(manner.age > 0 ? [`Age: ${manner.age}`] : []),
    ...(manner.varies === 'no' ? [] : [`Vary: ${manner.varies === 'by kind' ? 'X-Kind' : '*'}`]),
    ...(manner.hasTag ? [`ETag: "${tag}"`] : []),
    ...(manner.setsCookie ? ['Set-Cookie: id=1'] : []),
  ];
}
