/** What differs between two lists of routes, of which the first that matches wins. */
import { formatDuration } from '@headgate/config';
import type { ProxyConfig } from '../config.ts';
import { cacheRules } from '../config-cache.ts';
import type { Change } from './diff.ts';
import { settingTexts } from './setting-texts.ts';

type Route = ProxyConfig['routes'][number];

const path = 'routes';

/** A route is known by what it matches; where there are several, by which of those it is. */
export function diffRoutes(before: readonly Route[], after: readonly Route[]): Change[] {
  const old = named(before);
  const now = named(after);
  const stayed = [...now.keys()].filter((name) => old.has(name));
  const places = [...old.keys()];
  const inOrder = longestRising(stayed.map((name) => places.indexOf(name)));
  const removed = [...old].filter(([name]) => !now.has(name));
  return [
    ...removed.map(([name, { service }]) => whole('removed', name, service)),
    ...[...now].flatMap(([name, route], place): Change[] => {
      const known = old.get(name);
      if (!known) return [whole('added', name, route.service)];
      const from = places.indexOf(name);
      const moved: Change[] = inOrder.has(from)
        ? []
        : [changed(`${name} place`, `${from + 1}`, `${place + 1}`)];
      return [...moved, ...diffRoute(name, known, route)];
    }),
  ];
}

function whole(kind: 'added' | 'removed', name: string, service: string): Change {
  return { kind, path, name, about: `to ${service}` };
}

function changed(name: string, before: string | undefined, after: string | undefined): Change {
  return { kind: 'changed', path, name, before, after };
}

function diffRoute(name: string, before: Route, after: Route): Change[] {
  const [old, now] = [rules(before), rules(after)];
  const isCached = [before, after].map(({ cache }) => cache !== false);
  return [...new Set([...old.keys(), ...now.keys()])].flatMap((rule): Change[] => {
    // Of a cache that is switched on or off, each of its settings is no news.
    if (rule.startsWith('cache.') && isCached.includes(false)) return [];
    const [from, to] = [old.get(rule), now.get(rule)];
    return from === to ? [] : [changed(`${name} ${rule}`, from, to)];
  });
}

function rules({
  service,
  priority,
  deadline,
  hedge,
  cache,
}: Route): Map<string, string | undefined> {
  const after = (ms: number) => `after ${formatDuration(ms)}`;
  const caching = cache === false ? [] : settingTexts(cacheRules, cache);
  return new Map<string, string | undefined>([
    ['service', service],
    ['priority', priority],
    ['deadline', deadline === undefined ? undefined : formatDuration(deadline)],
    ['hedge', typeof hedge === 'boolean' ? String(hedge) : after(hedge.delay)],
    ['cache', String(cache !== false)],
    ...[...caching].map(([path, text]) => [`cache.${path}`, text] as const),
  ]);
}

function named(routes: readonly Route[]): Map<string, Route> {
  const found = new Map<string, Route>();
  for (const route of routes) {
    const name = describeMatch(route.match);
    let unique = name;
    for (let count = 2; found.has(unique); count++) unique = `${name} (${count})`;
    found.set(unique, route);
  }
  return found;
}

/** `example.com/items/* GET,POST x-version=2`. */
function describeMatch(match: Route['match']): string {
  const { host = '', path: matched, methods = [], headers = {} } = match ?? {};
  const place = matched === undefined && host !== '' ? `${host}/*` : `${host}${matched ?? ''}`;
  const fields = Object.entries(headers)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`);
  const parts = [place, [...methods].sort().join(','), ...fields].filter((part) => part !== '');
  return parts.length === 0 ? 'everything' : parts.join(' ');
}

/**
 * The members of a longest rising subsequence: the routes that kept their order, so that the fewest
 * are said to have moved.
 */
function longestRising(places: readonly number[]): Set<number> {
  const best: { place: number; length: number; before: number }[] = [];
  for (const place of places) {
    let before = -1;
    for (const [index, candidate] of best.entries()) {
      if (candidate.place < place && candidate.length > (best[before]?.length ?? 0)) before = index;
    }
    best.push({ place, length: (best[before]?.length ?? 0) + 1, before });
  }
  let last = best.reduce(
    (top, each, index) => (each.length > (best[top]?.length ?? 0) ? index : top),
    0,
  );
  const kept = new Set<number>();
  for (let node = best[last]; node; node = best[last]) {
    kept.add(node.place);
    last = node.before;
  }
  return kept;
}
