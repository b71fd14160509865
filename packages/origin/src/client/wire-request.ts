// Owns how a request is put onto the wire: refused when it could be read as anything else than
// what was meant, and in one write when it is small.
import type { Socket } from 'node:net';
import type { WireRequest } from './transport.ts';

const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
/** Origin form (RFC 9112 §3.2.1): visible ASCII without the `#` of a fragment. */
const PATH = /^\/[\x21\x22\x24-\x7e]*$/;
/** Methods whose requests say that their body is empty (RFC 9110 §8.6). */
const EXPECTS_BODY = /^(?:POST|PUT|PATCH)$/;

/** Up to here copying the body behind its head costs less than a second write. */
const ONE_WRITE_SIZE_BYTES = 16_384;

/** Why a request cannot be sent, or undefined. */
export function whyUnsendable({ method, path }: WireRequest): string | undefined {
  if (!METHOD.test(method)) return 'the method is not a token; use GET, POST or another plain name';
  // Its answer has no end that a client of requests and answers could see (RFC 9110 §9.3.6).
  if (method === 'CONNECT') return 'CONNECT asks for a tunnel; only requests can be sent';
  if (PATH.test(path)) return undefined;
  return 'the path does not start with "/" or holds a space, "#", control or non-ASCII character; encode it';
}

/** Writes `request` to `socket`; `hostLine` is the Host field with its CRLF. */
export function writeRequest(socket: Socket, request: WireRequest, hostLine: string): void {
  const { method, path, fields, body } = request;
  const start = `${method} ${path} HTTP/1.1\r\n${hostLine}${fields}`;
  if (body === undefined) {
    const length = EXPECTS_BODY.test(method) ? 'content-length: 0\r\n' : '';
    socket.write(`${start}${length}\r\n`, 'latin1');
    return;
  }
  const sizeBytes = typeof body === 'string' ? Buffer.byteLength(body) : body.byteLength;
  const head = `${start}content-length: ${sizeBytes}\r\n\r\n`;
  // As many bytes as characters: the body is ASCII, which latin1 writes as UTF-8 does.
  const isAscii = typeof body === 'string' && sizeBytes === body.length;
  if (isAscii && sizeBytes <= ONE_WRITE_SIZE_BYTES) {
    socket.write(head + body, 'latin1');
    return;
  }
  socket.cork();
  socket.write(head, 'latin1');
  if (typeof body === 'string') socket.write(body, 'utf8');
  else socket.write(body);
  socket.uncork();
}
