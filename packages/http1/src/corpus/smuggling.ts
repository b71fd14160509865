/** Requests in requests: known ways to make two parsers disagree about where one ends. */
import { type RefusedCase, refused } from './case.ts';

const INNER = 'GET /admin HTTP/1.1\r\nHost: a\r\n\r\n';

function post(lines: string, body: string): string {
  return `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\n${body}`;
}

/** Refused before the inner request could be taken for one. */
export const smuggling: readonly RefusedCase[] = [
  ...refused('CL.TE and TE.CL: two framings', 400, 'length-and-coding', [
    post('Content-Length: 6\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\nG'),
    post('Transfer-Encoding: chunked\r\nContent-Length: 4\r\n', `5c\r\n${INNER}\r\n0\r\n\r\n`),
    post('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', `0\r\n\r\n${INNER}`),
  ]),
  ...refused('TE.TE: a coding one parser overlooks', 400, 'invalid-transfer-encoding', [
    post('Content-length: 35\r\nTransfer-encoding: \tchunked\t\r\n', `0\r\n\r\n${INNER}`),
    post('Transfer-Encoding: xchunked\r\n', INNER),
    post('Transfer-Encoding: chunked-false\r\n', INNER),
    post('Transfer-Encoding: identity\r\nContent-Length: 5\r\n', 'hello'),
    post('Content-Length: 5\r\nTransfer-Encoding: identity\r\n', 'hello'),
    post('Transfer-Encoding: "chunked"\r\nContent-Length: 5\r\n', INNER),
    post('Transfer-Encoding: chunked, cow\r\n', INNER),
  ]),
  ...refused('TE.TE: the coding said twice', 400, 'repeated-transfer-encoding', [
    post('Transfer-Encoding: chunked\r\nTransfer-encoding: cow\r\n', INNER),
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\nContent-Length: 3\r\n', INNER),
  ]),
  ...refused('a coding hidden by whitespace', 400, 'space-before-colon', [
    post('Content-Length: 5\r\nTransfer-Encoding : chunked\r\n', INNER),
    post('Transfer-Encoding\t: chunked\r\nContent-Length: 5\r\n', INNER),
    post('Content-Length : 5\r\n', INNER),
    post('X Transfer-Encoding: chunked\r\n', INNER),
  ]),
  ...refused('a coding hidden in a folded line', 400, 'obs-fold', [
    post('X: y\r\n Transfer-Encoding: chunked\r\n', INNER),
    post('Transfer-Encoding:\r\n chunked\r\nContent-Length: 5\r\n', INNER),
    post('Content-Length:\r\n 5\r\n', INNER),
  ]),
  ...refused('a coding hidden behind half a line end', 400, 'bare-lf', [
    post('X: y\nTransfer-Encoding: chunked\r\n', INNER),
    post('X: y\n\r\n', INNER),
    post('Content-Length: 5\nTransfer-Encoding: chunked\r\n', INNER),
    `POST / HTTP/1.1\nHost: a\nContent-Length: 5\n\nhello${INNER}`,
  ]),
  ...refused('a coding hidden behind the other half', 400, 'bare-cr', [
    post('X: y\rTransfer-Encoding: chunked\r\n', INNER),
    post('Content-Length: 5\rX: y\r\n', INNER),
  ]),
  ...refused('a coding behind a control character', 400, 'invalid-field-value', [
    post('Transfer-Encoding: \x0bchunked\r\n', INNER),
    post('Transfer-Encoding: chunked\x0c\r\n', INNER),
    post('Transfer-Encoding: chunked\0\r\n', INNER),
    post('Content-Length: 5\0\r\n', INNER),
    post('Content-Length: \x0b5\r\n', INNER),
  ]),
  ...refused('lengths that disagree', 400, 'repeated-content-length', [
    post('Content-Length: 0\r\nContent-Length: 34\r\n', INNER),
    post('Content-Length: 34\r\nContent-Length: 0\r\n', INNER),
    post('Content-Length: 5\r\nContent-Length: 05\r\n', 'hello'),
  ]),
  ...refused('lengths in one field', 400, 'invalid-content-length', [
    post('Content-Length: 0, 34\r\n', INNER),
    post('Content-Length: 34 0\r\n', INNER),
    post('Content-Length: 0x22\r\n', INNER),
    post('Content-Length: +34\r\n', INNER),
    post('Content-Length: 4294967296000000000\r\n', INNER),
  ]),
  ...refused('a name that decodes to another', 400, 'invalid-field-name', [
    post('Content-Length\0: 5\r\n', INNER),
    post('\x0bTransfer-Encoding: chunked\r\n', INNER),
    post('Transfer-Encoding\xa0: chunked\r\n', INNER),
    post('"Transfer-Encoding": chunked\r\n', INNER),
    post(':Transfer-Encoding: chunked\r\n', INNER),
  ]),
  ...refused('a request in the request line', 400, 'invalid-version', [
    `GET / HTTP/1.1 HTTP/1.1\r\nHost: a\r\n\r\n${INNER}`,
    `GET /x y HTTP/1.1\r\nHost: a\r\n\r\n${INNER}`,
  ]),
  ...refused('chunks of HTTP/1.0', 400, 'transfer-encoding-in-http-1-0', [
    `POST / HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n${INNER}`,
  ]),
  ...refused('what follows a complete body must be a request', 400, 'invalid-method', [
    post('Content-Length: 4\r\n', `hello\r\n\r\n${INNER}`),
  ]),
  ...refused('nor may the next request be half of one', 400, 'invalid-version', [
    post('Content-Length: 0\r\n', 'GET /admin\r\nX: '),
  ]),
];
