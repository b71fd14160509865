/** The admin listener: metrics, health, readiness, the services as JSON, and the status page. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { metricsContentType, type Registry } from '@headgate/telemetry';
import { formatAddress } from '../address.ts';
import type { Snapshot } from '../snapshot.ts';
import { describeServices } from './services.ts';
import { statusPage } from './status-page.ts';

export interface AdminDeps {
  readonly snapshot: () => Snapshot;
  readonly registry: Registry;
  readonly isReady: () => boolean;
}

export interface AdminListener {
  readonly host: string;
  readonly port: number;
  close(): Promise<void>;
}

interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

/** Binds the admin listener; rejects with a readable message when the address is taken. */
export function startAdmin(
  address: { host: string; port: number },
  deps: AdminDeps,
): Promise<AdminListener> {
  const server = createServer((message, response) => reply(message, response, deps));
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const where = formatAddress(address.host, address.port);
      const why = error.code === 'EADDRINUSE' ? 'is in use by another process' : error.message;
      reject(new Error(`${where} (admin.address) ${why}; stop it or change the address`));
    });
    server.listen(address.port, address.host, () => {
      const { port } = server.address() as AddressInfo;
      resolve({
        host: address.host,
        port,
        close: () =>
          new Promise((closed) => {
            server.close(() => closed());
            server.closeAllConnections();
          }),
      });
    });
  });
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
