/** Requests that must be taken, among them some that look wrong and are not. */
import type { AcceptedCase } from './case.ts';

function valid(theme: string, bytes: string, body = ''): AcceptedCase {
  return { theme, bytes, body };
}

function get(lines: string, line = 'GET / HTTP/1.1'): string {
  return `${line}\r\n${lines}\r\n`;
}

function chunked(chunks: string): string {
  return `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunks}`;
}

/** One whole request each. */
export const validRequests: readonly AcceptedCase[] = [
  valid('a small request', get('Host: a\r\n')),
  valid('HTTP/1.0 without Host', get('', 'GET / HTTP/1.0')),
  valid('a leading empty line', `\r\n${get('Host: a\r\n')}`),
  valid('two leading empty lines', `\r\n\r\n${get('Host: a\r\n')}`),
  valid('an unregistered method', get('Host: a\r\n', 'M-SEARCH~1 / HTTP/1.1')),
  valid('a small method is another method', get('Host: a\r\n', 'get / HTTP/1.1')),
  valid('an absolute target', get('Host: a\r\n', 'GET http://b.example:81/x?y HTTP/1.1')),
  valid('an absolute target without path', get('Host: a\r\n', 'GET HTTPS://b HTTP/1.1')),
  valid('an absolute target with query only', get('Host: a\r\n', 'GET http://b?q=\\ HTTP/1.1')),
  valid('OPTIONS of the origin itself', get('Host: a\r\n', 'OPTIONS * HTTP/1.1')),
  valid('CONNECT', get('Host: a\r\n', 'CONNECT [2001:db8::1]:443 HTTP/1.1')),
  valid('what browsers do not escape', get('Host: a\r\n', 'GET /a|b^c`{d}?q=\\|[x] HTTP/1.1')),
  valid('a path that starts with two slashes', get('Host: a\r\n', 'GET //b/c HTTP/1.1')),
  valid('the longest target', get('Host: a\r\n', `GET /${'a'.repeat(8_191)} HTTP/1.1`)),
  ...[
    'a.example',
    'A.EXAMPLE:8080',
    'a.example.',
    'a_b.example:',
    'x--y~z',
    '127.0.0.1:80',
    '[::]',
    '[::1]:80',
    '[1:2:3:4:5:6:7:8]',
    '[1::8]',
    '[::ffff:192.0.2.1]',
    '[1:2:3:4:5:6:192.0.2.1]:65535',
    '[2001:DB8::]',
  ].map((host) => valid(`Host ${host}`, get(`Host: ${host}\r\n`))),
  valid('whitespace around a value', get('Host:\t a \t\r\nX:   \r\nY:\r\n')),
  valid('every token character', get("Host: a\r\n!#$%&'*+-.^_`|~09azAZ: v\r\n")),
  valid('tabs, quotes and bytes above 127', get('Host: a\r\nX: a\tb "c" \xe4\xff\x80\r\n')),
  valid('colons in a value', get('Host: a\r\nX: :a:b: c\r\n')),
  valid('a repeated field', get('Host: a\r\nCookie: a=b\r\nCookie: c=d\r\n')),
  valid('as many fields as allowed', get(`Host: a\r\n${'X: y\r\n'.repeat(99)}`)),
  valid(
    'as large a head as allowed',
    get(`Host: a\r\nX: ${'y'.repeat(16_384 - get('Host: a\r\nX: \r\n').length)}\r\n`),
  ),
  valid('Connection with empty elements', get('Host: a\r\nConnection: , close,, x ,\r\n')),
  valid('Connection without options', get('Host: a\r\nConnection:\r\n')),
  valid(
    'a body by length',
    `${get('Host: a\r\nContent-Length: 5\r\n', 'POST / HTTP/1.1')}hello`,
    'hello',
  ),
  valid('a length of nought', get('Host: a\r\nContent-Length: 0\r\n', 'POST / HTTP/1.1')),
  valid(
    'a length with leading noughts',
    `${get('Host: a\r\nContent-Length: 005\r\n')}hello`,
    'hello',
  ),
  valid(
    'a body with CR, LF and NUL',
    `${get('Host: a\r\nContent-Length: 6\r\n')}\r\n\r\n\0\xff`,
    '\r\n\r\n\0\xff',
  ),
  valid('a body of HTTP/1.0', `${get('Content-Length: 2\r\n', 'POST / HTTP/1.0')}ok`, 'ok'),
  valid(
    'a body that looks like a request',
    `${get('Host: a\r\nContent-Length: 18\r\n')}GET / HTTP/1.1\r\n\r\n`,
    'GET / HTTP/1.1\r\n\r\n',
  ),
  valid('one chunk', chunked('5\r\nhello\r\n0\r\n\r\n'), 'hello'),
  valid('no chunk', chunked('0\r\n\r\n')),
  valid('several noughts end the body too', chunked('2\r\nok\r\n000\r\n\r\n'), 'ok'),
  valid('sixteen digits', chunked('0000000000000002\r\nok\r\n0000000000000000\r\n\r\n'), 'ok'),
  valid(
    'small and capital digits',
    chunked(`a\r\n0123456789\r\nB\r\n0123456789a\r\n0\r\n\r\n`),
    '01234567890123456789a',
  ),
  valid(
    'chunk data with CR LF and digits',
    chunked('7\r\n\r\n0\r\n\r\n\r\n0\r\n\r\n'),
    '\r\n0\r\n\r\n',
  ),
  valid('chunk extensions', chunked('2;a;b=c;d="e;\\" f"\r\nok\r\n0;z\r\n\r\n'), 'ok'),
  valid('trailers', chunked('2\r\nok\r\n0\r\nX-Checksum: 1\r\nServer-Timing: \r\n\r\n'), 'ok'),
  valid(
    'Chunked in capitals',
    `POST / HTTP/1.1\r\nHost: a\r\nTRANSFER-ENCODING:  Chunked \r\n\r\n0\r\n\r\n`,
  ),
  valid('an upgrade', get('Host: a\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n')),
  valid(
    'a client that waits',
    `${get('Host: a\r\nExpect: 100-Continue\r\nContent-Length: 2\r\n')}ok`,
    'ok',
  ),
];
