/** Error pages as the bytes of an HTTP/1.1 answer. */
import type { Socket } from 'node:net';
import { type FieldLines, fieldLine, writeResponseHead } from '@headgate/http1';
import type { ErrorPage } from '../errors.ts';
import { dateLine } from './date.ts';

/**
 * A whole answer, one character for each byte; without its body for an answer to HEAD.
 * `connection` is the Connection line, or nothing.
 */
export function pageText(page: ErrorPage, isHead: boolean, connection: FieldLines): string {
  const body = Buffer.from(page.body);
  const lines: FieldLines[] = [dateLine()];
  for (let i = 0; i < page.headers.length; i += 2) {
    lines.push(fieldLine(page.headers[i] as string, page.headers[i + 1] as string));
  }
  const head = writeResponseHead(page.status, page.title, body.length, ...lines, connection);
  return isHead ? head : head + body.toString('latin1');
}

/** What a refused client still sends is read and thrown away this long. */
const LINGER_MS = 1_000;

/**
 * Writes a page on a bare socket and closes it, once the client has closed its side or
 * `LINGER_MS` have passed: closing on unread bytes resets the connection, and the page is lost.
 */
export function writePage(socket: Socket, page: ErrorPage): void {
  socket.end(pageText(page, false, fieldLine('connection', 'close')), 'latin1');
  socket.resume();
  const linger = setTimeout(() => socket.destroy(), LINGER_MS);
  socket.once('close', () => clearTimeout(linger));
}
