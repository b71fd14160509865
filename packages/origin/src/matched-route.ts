// Owns what the router knows beyond the handler of a request: the pattern that matched, and the
// methods a path has.
import type { Hono } from 'hono';
import type { OriginEnv } from './request-scope.ts';

type App = Pick<Hono<OriginEnv>, 'router' | 'routes'>;

/** How Hono marks middleware, and handlers of `app.all`. */
const anyMethod = 'ALL';

/** The pattern of the route for `method` and `path`, such as `/items/:id`; undefined without one. */
export function matchedRoute(app: App, method: string, path: string): string | undefined {
  // HEAD is answered by the routes of GET.
  const [matches] = app.router.match(method === 'HEAD' ? 'GET' : method, path);
  let forAll: string | undefined;
  for (let i = matches.length - 1; i >= 0; i--) {
    const [[, route]] = matches[i] as (typeof matches)[number];
    if (route.method !== anyMethod) return route.path;
    // Middleware is registered for whole subtrees.
    if (forAll === undefined && !route.path.endsWith('*')) forAll = route.path;
  }
  return forAll;
}

/** The methods `path` has routes for, in alphabetical order; none for an unknown path. */
export function allowedMethods(app: App, path: string): string[] {
  const methods = new Set(app.routes.map(({ method }) => method));
  methods.delete(anyMethod);
  const allowed = [...methods].filter((method) => hasRoute(app, method, path));
  if (allowed.length === 0) return [];
  if (allowed.includes('GET')) allowed.push('HEAD');
  return [...new Set([...allowed, 'OPTIONS'])].sort();
}

/** Whether a route was made for this very method, or GET for HEAD. */
export function hasRoute({ router }: App, method: string, path: string): boolean {
  const [matches] = router.match(method === 'HEAD' ? 'GET' : method, path);
  return matches.some(([[, route]]) => route.method !== anyMethod);
}
