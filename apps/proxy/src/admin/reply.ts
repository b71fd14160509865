/** One request of the admin listener, from its head to its answer. */
import type { IncomingMessage } from 'node:http';
import type { Endpoint } from '../address.ts';
import type { Audit } from '../control/audit.ts';
import type { Actor, Control } from '../control/control-api.ts';
import { type Answer, problem } from './answer.ts';
import { authorize, refuseBrowsers } from './authorize.ts';
import { type ChangeRoute, changeAt } from './changes.ts';
import { readBody } from './read-body.ts';
import { readings } from './readings.ts';

export interface AdminDeps {
  /** Records what is changed through it; see `auditedControl`. */
  readonly control: Control;
  readonly audit: Audit;
  /** What lets changes in; read for each, so that a reload may replace it. */
  readonly token: () => string | undefined;
}

/** Answers a request that came in at `endpoint`; rejects only when the client has gone away. */
export async function reply(
  message: IncomingMessage,
  endpoint: Endpoint,
  deps: AdminDeps,
): Promise<Answer> {
  const path = (message.url ?? '/').split('?')[0] ?? '/';
  const reading = readings.get(path);
  const change = changeAt(path);
  if (!reading && !change) return notFound(path);
  const isChange = change !== undefined;
  // Probes and scrapers may know this host by any name, and are told nothing of the edge's inside.
  const foreign = path.startsWith('/api/')
    ? refuseBrowsers({ isChange, headers: message.headers }, endpoint)
    : undefined;
  const mayMethod = isChange
    ? message.method === 'POST'
    : message.method === 'GET' || message.method === 'HEAD';
  if (!mayMethod) return notAllowed(message.method, path, isChange ? 'POST' : 'GET, HEAD');
  if (foreign) return problem(foreign);
  if (change) return applyChange(change, message, endpoint, deps);
  return (await reading?.(deps.control, deps.audit)) ?? notFound(path);
}

async function applyChange(
  change: ChangeRoute,
  message: IncomingMessage,
  endpoint: Endpoint,
  { control, audit, token }: AdminDeps,
): Promise<Answer> {
  const isLocalSocket = endpoint.kind === 'unix';
  const by = actorOf(message, endpoint);
  const { authorization } = message.headers;
  const refusal = authorize({ isLocalSocket, authorization }, token());
  if (refusal) {
    if (refusal.isWrongToken) audit.wrongToken(by, change.target);
    const isLogin = refusal.status === 401;
    return problem(refusal, isLogin ? { 'www-authenticate': 'Bearer realm="headgate"' } : {});
  }
  const body = await readBody(message);
  return body.ok ? change.apply(control, body.value, by) : problem(body.problem);
}

function actorOf(message: IncomingMessage, endpoint: Endpoint): Actor {
  if (endpoint.kind === 'unix') return 'admin unix';
  // A socket for both families has IPv4 peers as ::ffff:a.b.c.d.
  return `admin ${(message.socket.remoteAddress ?? 'unknown').replace(/^::ffff:/, '')}`;
}

function notFound(path: string): Answer {
  return problem({ status: 404, title: 'Not found', detail: `nothing is served at ${path}` });
}

function notAllowed(method: string | undefined, path: string, allow: string): Answer {
  const detail = `${path} is not asked with ${method}, but with ${allow.replace(', ', ' or ')}`;
  return problem({ status: 405, title: 'Method not allowed', detail }, { allow });
}
