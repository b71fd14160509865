/** Request heads refused for their Host, their Connection, their method's rules or their size. */
import { type RefusedCase, refused } from './case.ts';

function request(lines: string, line = 'GET / HTTP/1.1'): string {
  return `${line}\r\n${lines}\r\n`;
}

const hosts = [
  ...refused('an HTTP/1.1 request has a Host (RFC 9112 §3.2)', 400, 'missing-host', [
    request(''),
    request('X: y\r\n'),
    request('Hos: a\r\n'),
    request('X-Host: a\r\n'),
    request('', 'GET http://a/ HTTP/1.1'),
    request('', 'OPTIONS * HTTP/1.1'),
    request('', 'CONNECT a:443 HTTP/1.1'),
    request('Content-Length: 5\r\n', 'POST / HTTP/1.1'),
  ]),
  ...refused('Host occurs once (RFC 9112 §3.2)', 400, 'repeated-host', [
    request('Host: a\r\nHost: a\r\n'),
    request('Host: a\r\nHost: b\r\n'),
    request('Host: a\r\nX: y\r\nHOST: b\r\n'),
    request('Host: a\r\nhost:\r\n'),
    request('Host: a\r\nHost: a\r\n', 'GET / HTTP/1.0'),
    request('Host: a\r\nHost: b\r\n', 'GET http://a/ HTTP/1.1'),
  ]),
  ...refused(
    'Host is a host and a port (RFC 9112 §3.2, RFC 3986 §3.2.2)',
    400,
    'invalid-host',
    [
      '',
      ' ',
      ':80',
      'a b',
      'a\tb',
      'a, b',
      'a,b',
      'a/b',
      'a/',
      'http://a',
      'a@b',
      'user:pass@b',
      'a?b',
      'a#b',
      'a\\b',
      'a%2fb',
      'a%00b',
      'a%',
      'a"b',
      "a'b",
      'a<b>',
      'a(b)',
      'a;b',
      'a=b',
      'a&b',
      'a$b',
      'a!b',
      'a*b',
      'a+b',
      'a|b',
      '{a}',
      '\xe4',
      'b\xfccher.example',
      'a:b',
      'a:80:80',
      'a:+80',
      'a:-1',
      'a: 80',
      'a:80 ;x',
      'a:0x50',
      'a:65536',
      'a:999999999999',
      '::1',
      '[::1',
      '::1]',
      '[]',
      '[:]',
      '[:::]',
      '[1::2::3]',
      '[1:2:3:4:5:6:7]',
      '[1:2:3:4:5:6:7:8:9]',
      '[12345::]',
      '[g::]',
      '[::1%25eth0]',
      '[v1.x]',
      '[::1]a',
      '[::1]:x',
      '[::1.2.3]',
      '[::1.2.3.256]',
      '[1.2.3.4::]',
      '[127.0.0.1]',
      '[a.example]',
      'a]',
    ].map((host) => request(`Host: ${host}\r\n`)),
  ),
  ...refused('Host is checked in every version and form', 400, 'invalid-host', [
    request('Host: a b\r\n', 'GET / HTTP/1.0'),
    request('Host:\r\n', 'GET / HTTP/1.0'),
    request('Host: a/b\r\n', 'GET http://a/ HTTP/1.1'),
    request('Host: @\r\n', 'CONNECT a:443 HTTP/1.1'),
    request('Host:\r\n', 'OPTIONS * HTTP/1.1'),
  ]),
];

const connections = [
  ...refused(
    'Connection is a list of tokens (RFC 9110 §7.6.1)',
    400,
    'invalid-connection',
    ['a b', '"close"', 'close;x', 'close=1', 'keep-alive, a b', '(close)', '\xe4', 'a/b', '@'].map(
      (value) => request(`Host: a\r\nConnection: ${value}\r\n`),
    ),
  ),
  ...refused('Connection names few options', 400, 'too-many-connection-options', [
    request(`Host: a\r\nConnection: ${'x,'.repeat(33)}\r\n`),
    request(`Host: a\r\n${'Connection: x\r\n'.repeat(33)}`),
    request(`Host: a\r\nConnection: ${'close, '.repeat(2_000)}\r\n`),
  ]),
];

const rules = [
  ...refused(
    'HTTP/1.0 knows no Transfer-Encoding (RFC 9112 §6.1)',
    400,
    'transfer-encoding-in-http-1-0',
    [
      request('Transfer-Encoding: chunked\r\n', 'POST / HTTP/1.0'),
      request('Host: a\r\nTransfer-Encoding: chunked\r\n', 'POST / HTTP/1.0'),
      request('Transfer-Encoding: chunked\r\nConnection: keep-alive\r\n', 'GET / HTTP/1.0'),
      request('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', 'POST / HTTP/1.0'),
    ],
  ),
  ...refused('CONNECT has no body (RFC 9110 §9.3.6)', 400, 'body-on-connect', [
    request('Host: a\r\nContent-Length: 5\r\n', 'CONNECT a:443 HTTP/1.1'),
    request('Host: a\r\nContent-Length: 0\r\n', 'CONNECT a:443 HTTP/1.1'),
    request('Host: a\r\nTransfer-Encoding: chunked\r\n', 'CONNECT a:443 HTTP/1.1'),
  ]),
  ...refused(
    'the first line after the request line starts with a name',
    400,
    'leading-whitespace',
    [
      request(' Host: a\r\n'),
      request('\tHost: a\r\n'),
      request(' \r\nHost: a\r\n'),
      request(' x\r\nHost: a\r\nTransfer-Encoding: chunked\r\n'),
    ],
  ),
];

const sizes = [
  ...refused('a head has a limit', 431, 'head-too-large', [
    request(`Host: a\r\nX: ${'y'.repeat(16_384)}\r\n`),
    request(`Host: a\r\n${`X: ${'y'.repeat(200)}\r\n`.repeat(90)}`),
    request(`Host: a\r\n${'X'.repeat(20_000)}: y\r\n`),
    `GET / HTTP/1.1\r\nX: ${'y'.repeat(17_000)}`,
    `GET / HTTP/1.1\r\nX:${' '.repeat(17_000)}`,
  ]),
  ...refused('header lines have a limit', 431, 'too-many-fields', [
    request(`Host: a\r\n${'X: y\r\n'.repeat(100)}`),
    request(`Host: a\r\n${'a:\r\n'.repeat(2_000)}`),
  ]),
];

/** Refused for what the whole head says. */
export const requestHeads: readonly RefusedCase[] = [...hosts, ...connections, ...rules, ...sizes];
