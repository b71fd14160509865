/** HTTP/1.1 from clients on `node:http`: the carrier of plain requests. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished } from 'node:stream';
import { exchange, type RequestBody } from './exchange.ts';
import type { Carrier } from './proxy.ts';

/** How long the rest of an upload is read and thrown away after an early answer. */
const LINGER_MS = 5_000;

/** How long a client may keep the edge waiting. */
export interface ClientPatience {
  /** Silence in the middle of its upload. */
  readonly bodyIdleMs: number;
  /** Taking nothing of its answer. */
  readonly stallMs: number;
}

/** Carries attempts and error pages for one plain request. */
export function createHttp1Carrier(
  message: IncomingMessage,
  response: ServerResponse,
  patience: ClientPatience,
): Carrier {
  const body: RequestBody | undefined = hasBody(message)
    ? { message, idleMs: patience.bodyIdleMs, isStarted: false }
    : undefined;
  if (body) {
    // Left unread after an early answer, the rest would block the connection for ever.
    response.once('finish', () => {
      if (!message.complete) discardUpload(message);
    });
  }
  return {
    body,
    extraHeaders: [],
    attempt(request, upstream, service) {
      const { firstByte, idle } = service.config.timeouts;
      const { stallMs } = patience;
      const timeouts = { firstByteMs: firstByte, idleMs: idle, clientStallMs: stallMs };
      return exchange(request, upstream.connections, timeouts, response);
    },
    refuse(page) {
      if (response.headersSent || response.destroyed) return;
      if (!body || message.complete) {
        response.writeHead(page.status, page.headers);
        response.end(page.body);
        return;
      }
      // Whoever is told no in the middle of an upload should stop sending it. The connection is
      // closed after the upload only: closing on unread bytes resets it, and the page is lost.
      response.shouldKeepAlive = false;
      response.writeHead(page.status, page.headers);
      response.write(page.body);
      finished(message, { writable: false }, () => response.end());
      discardUpload(message);
    },
  };
}

/** RFC 9112 §6.3: a request has a body when it says so by length or by transfer coding. */
function hasBody(message: IncomingMessage): boolean {
  const length = message.headers['content-length'];
  if (length !== undefined) return length !== '0';
  return message.headers['transfer-encoding'] !== undefined;
}

/** Reads what is left of an upload, for a limited time. */
function discardUpload(message: IncomingMessage): void {
  message.resume();
  const linger = setTimeout(() => message.destroy(), LINGER_MS);
  finished(message, { writable: false }, () => clearTimeout(linger));
}
