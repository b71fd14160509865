/**
 * What RFC 9111 asks of a shared cache about one answer, as plainly as it can be said: with numbers
 * for fields, and a list of directives that are said once each.
 */

export interface Told {
  readonly status: number;
  readonly directives: ReadonlyMap<string, number | undefined>;
  /** Seconds from the true time to what the field says; undefined without the field. */
  readonly dateAt: number | undefined;
  readonly expiresAt: number | undefined;
  readonly lastModifiedAt: number | undefined;
  /** Seconds. */
  readonly age: number | undefined;
  readonly delay: number;
  readonly hasEtag: boolean;
  readonly hasAuthorization: boolean;
}

/** §3: storing responses in caches. */
export function mayStore(told: Told): boolean {
  const { directives, status } = told;
  if (directives.has('must-understand')) {
    if (!knownStatuses.includes(status)) return false;
  } else if (directives.has('no-store')) {
    return false;
  }
  if (directives.has('private')) return false;
  const isForAll =
    directives.has('public') || directives.has('s-maxage') || directives.has('must-revalidate');
  if (told.hasAuthorization && !isForAll) return false;
  return (
    directives.has('public') ||
    told.expiresAt !== undefined ||
    directives.has('max-age') ||
    directives.has('s-maxage') ||
    cacheableByDefault.includes(status)
  );
}

/** §4.2.1 and §4.2.2: seconds. */
function lifetime(told: Told, heuristicFraction: number): number {
  const { directives } = told;
  const date = told.dateAt ?? 0;
  if (directives.has('s-maxage')) return directives.get('s-maxage') as number;
  if (directives.has('max-age')) return directives.get('max-age') as number;
  if (told.expiresAt !== undefined) return Math.max(0, told.expiresAt - date);
  const mayGuess = directives.has('public') || cacheableByDefault.includes(told.status);
  if (!mayGuess || told.lastModifiedAt === undefined) return 0;
  return Math.max(0, date - told.lastModifiedAt) * heuristicFraction;
}

/** §4.2.3: seconds, so long after the answer came. */
function currentAge(told: Told, since: number): number {
  const apparentAge = Math.max(0, 0 - (told.dateAt ?? 0));
  const correctedAge = (told.age ?? 0) + told.delay;
  return Math.max(apparentAge, correctedAge) + since;
}

/** §4: may it be used without asking the origin? */
export function isFresh(told: Told, since: number, heuristicFraction: number): boolean {
  if (told.directives.has('no-cache')) return false;
  return lifetime(told, heuristicFraction) > currentAge(told, since);
}

/** §4.2.4 with RFC 5861 §3: may it be used though it is stale, while the origin is asked? */
export function isStaleWhileRevalidate(told: Told, since: number, fraction: number): boolean {
  return isAllowedStale(told, 'stale-while-revalidate', since, fraction);
}

/** §4.2.4 with RFC 5861 §4: may it be used though it is stale, when the origin fails? */
export function isStaleIfError(told: Told, since: number, fraction: number): boolean {
  return isAllowedStale(told, 'stale-if-error', since, fraction);
}

function isAllowedStale(told: Told, by: string, since: number, fraction: number): boolean {
  const { directives } = told;
  const forbidding = ['no-cache', 'must-revalidate', 'proxy-revalidate'];
  if (forbidding.some((name) => directives.has(name))) return false;
  // s-maxage forbids it as well, unless the same answer allows it.
  const allowing = ['stale-while-revalidate', 'stale-if-error'];
  if (directives.has('s-maxage') && !allowing.some((name) => directives.has(name))) return false;
  const staleFor = currentAge(told, since) - lifetime(told, fraction);
  return staleFor < (directives.get(by) ?? 0);
}

const knownStatuses = [200, 404, 500];
const cacheableByDefault = [200, 404];
/** What the model knows of statuses: two that are cacheable by default, one known, one unknown. */
export const modelledStatuses = [200, 404, 500, 599];
