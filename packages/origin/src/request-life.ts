// Owns how a request goes through an app: its scope is opened, Hono answers it, its end is followed.
import type { EventEmitter } from 'node:events';
import type { Socket } from 'node:net';
import type { Hono } from 'hono';
import { overload } from './limit.ts';
import { OpenScope, type ScopeDeps } from './open-scope.ts';
import { OriginResponse } from './origin-response.ts';
import { answerError, answerProblem } from './problem-answers.ts';
import type { OriginBindings, OriginEnv } from './request-scope.ts';

// Nobody else waits for the other half of a connection whose upgrade was refused.
const otherHalfMs = 1000;

type Fetch = Hono<OriginEnv>['fetch'];

/** What requests are let in with. */
export interface LifeDeps extends ScopeDeps {
  /** Requests in flight above which further ones are shed. */
  readonly maxInFlight: number;
  /** Paths that are answered all the same. */
  readonly sparedPaths: ReadonlySet<string>;
}

/**
 * The `fetch` of an app with a scope around each request. No middleware: those cost several
 * microseconds for each request, whatever they do. On a server of the kit the response follows the
 * request to its last byte; in `app.request()`, where no socket is involved, a request is over when
 * its response is there.
 */
export function withScopes(fetch: Fetch, deps: LifeDeps): Fetch {
  const { lifecycle, maxInFlight, sparedPaths } = deps;
  const answer: Fetch = (request, env, context) => {
    const scope = (env as OriginBindings).scope as OpenScope;
    if (lifecycle.inFlight > maxInFlight && !sparedPaths.has(scope.path)) {
      return answerProblem(overload(), scope);
    }
    // Hono hands errors to `onError`, and leaves to its caller what was thrown and is none.
    try {
      const response = fetch(request, env, context);
      if (!(response instanceof Promise)) return response;
      return response.catch((error: unknown) => answerError(error, scope));
    } catch (error) {
      return answerError(error, scope);
    }
  };

  return (request, env: Partial<OriginBindings> = {}, context) => {
    const { incoming, outgoing } = env;
    const isUpgrade = incoming !== undefined && outgoing === undefined;
    // What a handler asks of an app has a life of its own, and so has each of the requests that are
    // made with one environment.
    if (incoming === undefined || (env.scope !== undefined && !isUpgrade)) {
      const scope = new OpenScope(deps, request, undefined);
      return answerElsewhere(scope, answer(request, { ...env, scope }, context), {});
    }
    const scope = new OpenScope(deps, request, incoming);
    // The same object: who upgrades connections looks for their own marks on it afterwards.
    env.scope = scope;
    if (outgoing instanceof OriginResponse) {
      outgoing.answers(scope);
      return answer(request, env, context);
    }
    scope.peer = incoming.socket.remoteAddress;
    return answerElsewhere(scope, answer(request, env, context), env);
  };
}

/** The answer of a request whose response is none of ours. */
async function answerElsewhere(
  scope: OpenScope,
  answer: Response | Promise<Response>,
  { incoming, outgoing }: Partial<OriginBindings>,
): Promise<Response> {
  let status: number | undefined;
  const end = () => {
    const isCut = outgoing?.writableFinished === false || (incoming?.errored ?? null) !== null;
    scope.end(status, status === undefined || isCut ? 'client-gone' : 'answered');
  };
  const wire: EventEmitter | undefined = outgoing ?? incoming?.socket;
  wire?.once('close', end);
  // An upgraded connection is in flight until it is closed from here, a refused one likewise.
  if (incoming !== undefined && outgoing === undefined) whenEnded(incoming.socket, end);
  const response = await answer;
  status = response.status;
  const answered = withFields(response, fieldsOf(scope));
  if (wire === undefined) end();
  return answered;
}

/** Calls `act` when all was said on `socket`; its client then has a second to close it too. */
function whenEnded(socket: Socket, act: () => void): void {
  socket.once('finish', () => {
    act();
    const timer = setTimeout(() => socket.destroy(), otherHalfMs);
    socket.once('close', () => clearTimeout(timer));
  });
}

function fieldsOf(scope: OpenScope): [string, string][] {
  const fields: [string, string][] = [
    ['x-request-id', scope.requestId],
    ['headgate-load', String(scope.load)],
  ];
  if (scope.closesConnection()) fields.push(['connection', 'close']);
  return fields;
}

/** A response that was fetched from elsewhere has fields that cannot be changed. */
function withFields(response: Response, fields: readonly [string, string][]): Response {
  try {
    for (const [name, value] of fields) response.headers.set(name, value);
    return response;
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const { status, statusText, body } = response;
    const headers = new Headers(response.headers);
    for (const [name, value] of fields) headers.set(name, value);
    return new Response(body, { status, statusText, headers });
  }
}
