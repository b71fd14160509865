/** From host, path, method and headers to a route and its service. */
import { type Failure, failure } from './errors.ts';
import { fieldValue } from './headers.ts';
import type { RequestRecord } from './request.ts';
import { hostnameOf } from './router.ts';

/** Writes down in `record` what it found; returns why there is nothing to be found. */
export function routeRequest(record: RequestRecord): Failure | undefined {
  // It names an authority and no path, so there is nothing to route by.
  if (record.method === 'CONNECT') return failure('method-refused', 'CONNECT is not served here');
  if (record.targetProblem !== undefined) return failure('bad-request', record.targetProblem);
  const result = record.snapshot.router.match({
    method: record.method,
    path: record.path,
    hostname: hostnameOf(record.host),
    header: (name) => fieldValue(record.fields, name),
  });
  if (result.kind === 'none') {
    return failure('no-route', `no route matches ${record.method} ${record.path}`);
  }
  if (result.kind === 'method') {
    record.allowed = result.allowed;
    return failure('method-refused', `${record.path} takes ${result.allowed.join(', ')}`);
  }
  const { route } = result;
  const service = record.snapshot.services.get(route.service);
  if (!service) throw new Error(`routes[${route.index}] names a service that does not exist`);
  record.route = route;
  record.service = service;
  return undefined;
}
