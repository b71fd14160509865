/** Responses that must be taken, among them some that look wrong and are not. */
import type { AcceptedCase } from './case.ts';

/** A response and what it answers. */
export interface AcceptedResponse extends AcceptedCase {
  readonly method: string;
  /** How many interim responses come before it. */
  readonly interim: number;
  /** The end of the connection ends the body. */
  readonly endsWithConnection: boolean;
}

function valid(theme: string, bytes: string, body = '', method = 'GET', interim = 0) {
  return { theme, bytes, body, method, interim, endsWithConnection: false };
}

function untilClose(theme: string, bytes: string, body: string): AcceptedResponse {
  return { ...valid(theme, bytes, body), endsWithConnection: true };
}

const OK = 'HTTP/1.1 200 OK\r\n';

/** One response each, with the interim ones before it. */
export const validResponses: readonly AcceptedResponse[] = [
  valid('a body by length', `${OK}Content-Length: 5\r\n\r\nhello`, 'hello'),
  valid('no body by length', `${OK}Content-Length: 0\r\n\r\n`),
  valid('no reason', 'HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n'),
  valid('a long reason', 'HTTP/1.1 404 Not (really)\t "here" \xe4\r\nContent-Length: 0\r\n\r\n'),
  valid('the smallest final status', 'HTTP/1.1 200 x\r\nContent-Length: 1\r\n\r\nx', 'x'),
  valid('the greatest status', 'HTTP/1.1 599 x\r\nContent-Length: 1\r\n\r\nx', 'x'),
  valid('an unregistered status', 'HTTP/1.1 299 x\r\nContent-Length: 1\r\n\r\nx', 'x'),
  valid('chunks', `${OK}Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n`, 'hello'),
  valid('trailers', `${OK}Transfer-Encoding: chunked\r\n\r\n0\r\nGrpc-Status: 0\r\n\r\n`),
  valid('HTTP/1.0 by length', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', 'ok'),
  valid('204', 'HTTP/1.1 204 No Content\r\n\r\n'),
  valid('204 with a length of nought', 'HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n'),
  valid('304 with the length of what it is about', 'HTTP/1.1 304 x\r\nContent-Length: 5\r\n\r\n'),
  valid(
    '304 with the coding of what it is about',
    'HTTP/1.1 304 x\r\nTransfer-Encoding: chunked\r\n\r\n',
  ),
  valid('HEAD with a length', `${OK}Content-Length: 5\r\n\r\n`, '', 'HEAD'),
  valid('HEAD with a coding', `${OK}Transfer-Encoding: chunked\r\n\r\n`, '', 'HEAD'),
  valid('HEAD with neither', `${OK}\r\n`, '', 'HEAD'),
  valid('CONNECT', `${OK}\r\n`, '', 'CONNECT'),
  valid('CONNECT with a length to ignore', `${OK}Content-Length: 5\r\n\r\n`, '', 'CONNECT'),
  valid('CONNECT refused', 'HTTP/1.1 403 No\r\nContent-Length: 2\r\n\r\nno', 'no', 'CONNECT'),
  valid('101', 'HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n'),
  valid('100', `HTTP/1.1 100 Continue\r\n\r\n${OK}Content-Length: 2\r\n\r\nok`, 'ok', 'GET', 1),
  valid(
    '103 with fields',
    `HTTP/1.1 103 x\r\nLink: </a>\r\n\r\n${OK}Content-Length: 0\r\n\r\n`,
    '',
    'GET',
    1,
  ),
  valid('102 twice', `${'HTTP/1.1 102 x\r\n\r\n'.repeat(2)}HTTP/1.1 204 x\r\n\r\n`, '', 'GET', 2),
  valid('as many fields as allowed', `${OK}Content-Length: 0\r\n${'X: y\r\n'.repeat(99)}\r\n`),
  untilClose('a body until the end', `${OK}\r\nhello`, 'hello'),
  untilClose('no body until the end', `${OK}\r\n`, ''),
  untilClose(
    'a body that looks like a response',
    `${OK}Connection: close\r\n\r\n${OK}\r\n`,
    `${OK}\r\n`,
  ),
  untilClose('HTTP/1.0 until the end', 'HTTP/1.0 200 OK\r\n\r\n\0\r\n\xff', '\0\r\n\xff'),
];
