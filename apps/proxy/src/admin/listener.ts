/** The admin listener: metrics, health, readiness, the services as JSON, and the status page. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { metricsContentType, type Registry } from '@headgate/telemetry';
import { type Endpoint, formatEndpoint } from '../address.ts';
import type { Snapshot } from '../snapshot.ts';
import { describeServices } from './services.ts';
import { statusPage } from './status-page.ts';

export interface AdminDeps {
  readonly snapshot: () => Snapshot;
  readonly registry: Registry;
  readonly isReady: () => boolean;
}

export interface AdminListener {
  /** Where it accepts; with the port it got when port 0 was asked for. */
  readonly endpoint: Endpoint;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Binds the admin listener; rejects with a readable message when the address cannot be had. */
export function startAdmin(endpoint: Endpoint, deps: AdminDeps): Promise<AdminListener> {
  const server = createServer((message, response) => reply(message, response, deps));
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const where = formatEndpoint(endpoint);
      reject(new Error(`${where} (admin.address) ${whyRefused(endpoint, error)}`));
    });
    server.once('listening', () => {
      resolve({
        endpoint: boundEndpoint(endpoint, server),
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
    if (endpoint.kind === 'unix') server.listen(endpoint.path);
    else server.listen(endpoint.port, endpoint.host);
  });
}

function whyRefused(endpoint: Endpoint, error: NodeJS.ErrnoException): string {
  if (error.code !== 'EADDRINUSE') return `${error.message}; stop it or change the address`;
  // The socket file of a process that was killed stays behind, and looks no different.
  return endpoint.kind === 'unix'
    ? 'is in use by another process, or left behind by one; stop it, remove the file or change the address'
    : 'is in use by another process; stop it or change the address';
}

function boundEndpoint(asked: Endpoint, server: Server): Endpoint {
  if (asked.kind === 'unix') return asked;
  return { ...asked, port: (server.address() as AddressInfo).port };
}

function reply(message: IncomingMessage, response: ServerResponse, deps: AdminDeps): void {
  const answer = answerTo(message, deps);
  response.writeHead(answer.status, {
    'content-type': answer.type,
    'content-length': Buffer.byteLength(answer.body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(answer.status === 405 ? { allow: 'GET, HEAD' } : {}),
  });
  response.end(answer.body);
}

function answerTo(message: IncomingMessage, deps: AdminDeps): Answer {
  if (message.method !== 'GET' && message.method !== 'HEAD') {
    return json(405, {
      title: 'Method not allowed',
      status: 405,
      detail: 'this listener only reads',
    });
  }
  const path = (message.url ?? '/').split('?')[0];
  switch (path) {
    case '/':
      return { status: 200, type: 'text/html; charset=utf-8', body: statusPage };
    case '/metrics':
      return { status: 200, type: metricsContentType, body: deps.registry.render() };
    case '/health':
      return json(200, { status: 'ok' });
    case '/ready':
      return deps.isReady() ? json(200, { status: 'ready' }) : json(503, { status: 'draining' });
    case '/api/services':
      return json(200, describeServices(deps.snapshot()));
    default:
      return json(404, { title: 'Not found', status: 404, detail: `nothing is served at ${path}` });
  }
}

function json(status: number, value: object): Answer {
  const type = status >= 400 && 'title' in value ? 'application/problem+json' : 'application/json';
  return { status, type, body: `${JSON.stringify(value)}\n` };
}
