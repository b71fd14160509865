/** Responses, as upstreams may send them: those to refuse and those to take. */
import { type BadPieces, controlCharacters, type RefusedCase, refused } from './case.ts';
import { badChunkedBodies } from './chunked-bodies.ts';
import { badFieldLines } from './field-lines.ts';
import { badFraming } from './framing-fields.ts';

const BAD_GATEWAY = 502;

function bad(theme: string, reason: RefusedCase['reason'], messages: string[]): RefusedCase[] {
  return refused(theme, BAD_GATEWAY, reason, messages);
}

function cases(groups: readonly BadPieces[], message: (piece: string) => string): RefusedCase[] {
  return groups.flatMap(({ theme, reason, pieces }) => bad(theme, reason, pieces.map(message)));
}

const statusLines = [
  ...bad('a response starts with its version (RFC 9112 §4)', 'invalid-version', [
    'http/1.1 200 OK\r\n\r\n',
    ' HTTP/1.1 200 OK\r\n\r\n',
    '\r\nHTTP/1.1 200 OK\r\n\r\n',
    'HTTP 200 OK\r\n\r\n',
    'HTTP/1 200 OK\r\n\r\n',
    'HTTP/1.10 200 OK\r\n\r\n',
    'HTTP/01.1 200 OK\r\n\r\n',
    'HTTP/1.1\t200 OK\r\n\r\n',
    'HTTP/1.1\r\n\r\n',
    'ICY 200 OK\r\n\r\n',
    'SHOUTcast 200 OK\r\n\r\n',
    '200 OK\r\n\r\n',
    'SSH-2.0-OpenSSH_9.2\r\n',
    '+PONG\r\n',
    '-ERR unknown command\r\n',
    '<html>hello</html>',
    '\x15\x03\x03\x00\x02\x02\x16',
    '\0\0\x12\x04\0\0\0\0\0',
    'GET / HTTP/1.1\r\n\r\n',
    '\0HTTP/1.1 200 OK\r\n\r\n',
  ]),
  ...bad('only HTTP/1.1 and HTTP/1.0 are spoken', 'unsupported-version', [
    'HTTP/2.0 200 OK\r\n\r\n',
    'HTTP/0.9 200 OK\r\n\r\n',
    'HTTP/1.2 200 OK\r\n\r\n',
    'HTTP/3.0 200 OK\r\n\r\n',
  ]),
  ...bad('a status is three digits between spaces (RFC 9112 §4)', 'invalid-status-line', [
    'HTTP/1.1  200 OK\r\n\r\n',
    'HTTP/1.1 20 OK\r\n\r\n',
    'HTTP/1.1 2000 OK\r\n\r\n',
    'HTTP/1.1 200\r\n\r\n',
    'HTTP/1.1 200\tOK\r\n\r\n',
    'HTTP/1.1 200OK\r\n\r\n',
    'HTTP/1.1 OK\r\n\r\n',
    'HTTP/1.1 \r\n\r\n',
    'HTTP/1.1 +20 OK\r\n\r\n',
    'HTTP/1.1 -20 OK\r\n\r\n',
    'HTTP/1.1 2x0 OK\r\n\r\n',
    'HTTP/1.1 0x2 OK\r\n\r\n',
    'HTTP/1.1 \xb2\xb9\xb3 OK\r\n\r\n',
  ]),
  ...bad('a status is between 100 and 599 (RFC 9110 §15)', 'invalid-status', [
    'HTTP/1.1 000 None\r\n\r\n',
    'HTTP/1.1 099 None\r\n\r\n',
    'HTTP/1.1 600 None\r\n\r\n',
    'HTTP/1.1 999 None\r\n\r\n',
  ]),
  ...bad(
    'a reason has no control characters (RFC 9112 §4)',
    'invalid-status-line',
    controlCharacters('\t\r\n').map((char) => `HTTP/1.1 200 O${char}K\r\n\r\n`),
  ),
  ...bad('a status line ends in CR LF', 'bare-lf', [
    'HTTP/1.1 200 OK\n\r\n',
    'HTTP/1.1 200 OK\nX: y\n\n',
    'HTTP/1.1 200\n\n',
    '\nHTTP/1.1 200 OK\r\n\r\n',
  ]),
  ...bad('a CR is half a line end', 'bare-cr', [
    'HTTP/1.1 200 OK\rX: y\r\n\r\n',
    'HTTP/1.1 200 O\rK\r\n\r\n',
    'HTTP/1.1 200 OK\r\r\n\r\n',
  ]),
];

const bodies = [
  ...bad('1xx and 204 announce no body (RFC 9110 §8.6)', 'body-on-bodyless-status', [
    'HTTP/1.1 204 No Content\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 100 Continue\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 103 Early Hints\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.1 101 Switching Protocols\r\nContent-Length: 5\r\n\r\nhello',
  ]),
  ...bad('HTTP/1.0 knows no 1xx (RFC 9110 §15.2)', 'interim-in-http-1-0', [
    'HTTP/1.0 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n',
    'HTTP/1.0 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n',
  ]),
  ...bad('HTTP/1.0 knows no Transfer-Encoding', 'transfer-encoding-in-http-1-0', [
    'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    'HTTP/1.0 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n',
  ]),
  ...bad('Connection is a list of tokens', 'invalid-connection', [
    'HTTP/1.1 200 OK\r\nConnection: a b\r\n\r\n',
    'HTTP/1.1 200 OK\r\nConnection: "close"\r\n\r\n',
  ]),
  ...bad('an interim response is checked like any other', 'bare-lf', [
    'HTTP/1.1 100 Continue\n\nHTTP/1.1 200 OK\r\n\r\n',
    'HTTP/1.1 103 Early Hints\r\nLink: x\n\r\nHTTP/1.1 200 OK\r\n\r\n',
  ]),
  ...bad('after an interim response comes a response', 'invalid-version', [
    'HTTP/1.1 100 Continue\r\n\r\nhello',
    'HTTP/1.1 102 Processing\r\n\r\n\r\n',
  ]),
  ...bad('a head has a limit', 'head-too-large', [
    `HTTP/1.1 200 OK\r\nX: ${'y'.repeat(17_000)}\r\n\r\n`,
    `HTTP/1.1 200 ${'OK'.repeat(9_000)}\r\n\r\n`,
  ]),
  ...bad('header lines have a limit', 'too-many-fields', [
    `HTTP/1.1 200 OK\r\n${'X: y\r\n'.repeat(101)}\r\n`,
  ]),
];

/** To be refused as answers to a GET. */
export const malformedResponses: readonly RefusedCase[] = [
  ...statusLines,
  ...bodies,
  ...cases(badFieldLines, (lines) => `HTTP/1.1 200 OK\r\nServer: a\r\n${lines}\r\n`),
  ...cases(badFraming, (lines) => `HTTP/1.1 200 OK\r\n${lines}\r\nhello`),
  ...cases(
    badChunkedBodies,
    (body) => `HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n${body}`,
  ),
];
