/** HTTP/1.1 from clients on `node:http`: the carrier of plain requests. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { finished } from 'node:stream';
import { exchange, type RequestBody } from './exchange.ts';
import type { Carrier } from './proxy.ts';

/** How long the rest of an upload is read and thrown away after an early answer. */
const LINGER_MS = 5_000;

/** Carries attempts and error pages for one plain request. */
export function createHttp1Carrier(
  message: IncomingMessage,
  response: ServerResponse,
  bodyIdleMs: number,
): Carrier {
  const body: RequestBody | undefined = hasBody(message)
    ? { message, isStarted: false }
    : undefined;
  if (body) superviseUpload(message, response, bodyIdleMs);
  return {
    body,
    extraHeaders: [],
    attempt(request, upstream, service) {
      const { firstByte, idle } = service.config.timeouts;
      const timeouts = { firstByteMs: firstByte, idleMs: idle };
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

/**
 * Cuts a client that stops sending its body, and lets go of one that is still sending when its
 * answer is complete: left unread, the rest would block the connection for ever.
 */
function superviseUpload(message: IncomingMessage, response: ServerResponse, idleMs: number): void {
  const { socket } = message;
  const cut = () => message.destroy();
  socket.setTimeout(idleMs);
  socket.once('timeout', cut);
  const finished = () => {
    socket.setTimeout(0);
    socket.removeListener('timeout', cut);
  };
  message.once('end', finished);
  response.once('close', finished);
  response.once('finish', () => {
    if (message.complete) return;
    discardUpload(message);
  });
}

/** Reads what is left of an upload, for a limited time. */
function discardUpload(message: IncomingMessage): void {
  message.resume();
  const linger = setTimeout(() => message.destroy(), LINGER_MS);
  finished(message, { writable: false }, () => clearTimeout(linger));
}
