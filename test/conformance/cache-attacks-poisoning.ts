/**
 * Attacks that try to leave behind what somebody else is given then. All are judged alike: what the
 * victim gets must be the same bytes whether or not the attacker was there before.
 */

/** One request on the wire, for a page. */
export type RequestFor = (path: string) => string;

export interface PoisoningAttack {
  readonly name: string;
  /** Sent first, on a connection of its own; several times when there are several. */
  readonly attacker: RequestFor | readonly RequestFor[];
  /** Default: a plain GET for the page. */
  readonly victim?: RequestFor;
  /** A field the origin says its answers vary by. */
  readonly vary?: string;
}

const HOST = 'Host: site.test';

/** A plain GET with some more lines. */
export function plain(...fields: readonly string[]): RequestFor {
  return (path) => ['GET ', path, ' HTTP/1.1\r\n', HOST, ...fields.map(line), '\r\n\r\n'].join('');
}

/** A GET for what stands behind the path of the page. */
function behind(rest: string, ...fields: readonly string[]): RequestFor {
  return (path) => plain(...fields)(path + rest);
}

/** A request line and a Host of one's own. */
function asking(requestLine: (path: string) => string, host = HOST): RequestFor {
  return (path) => `${requestLine(path)}\r\n${host}\r\n\r\n`;
}

function line(field: string): string {
  return `\r\n${field}`;
}

/** Some origins and frameworks take what they do from these, and no cache has them in its key. */
const OVERRIDES = [
  'X-Forwarded-Host: evil.test',
  'X-Forwarded-Host: site.test:1337',
  'X-Forwarded-Server: evil.test',
  'X-Forwarded-Scheme: nothttps',
  'X-Forwarded-Proto: https',
  'X-Forwarded-Protocol: https',
  'X-Forwarded-Port: 1337',
  'X-Forwarded-Prefix: /evil',
  'X-Forwarded-Path: /evil',
  'X-Forwarded-Ssl: on',
  'X-Forwarded-For: 127.0.0.1, evil.test',
  'X_Forwarded_Host: evil.test',
  'X-Forwarded_Host: evil.test',
  'Forwarded: host=evil.test;proto=https',
  'Front-End-Https: on',
  'X-Url-Scheme: https',
  'X-Host: evil.test',
  'X-Original-Host: evil.test',
  'X-HTTP-Host-Override: evil.test',
  'X-Original-URL: /evil',
  'X-Original-URI: /evil',
  'X-Rewrite-URL: /evil',
  'X-Override-URL: /evil',
  'X-HTTP-Method-Override: POST',
  'X-HTTP-Method: POST',
  'X-Method-Override: POST',
  'X-HTTP-Destinationurl: http://evil.test/',
] as const;

const unkeyed: readonly PoisoningAttack[] = OVERRIDES.map((field) => ({
  name: `an override that is no part of the key: ${field}`,
  attacker: plain(field),
}));

const methods: readonly PoisoningAttack[] = [
  ...['HEAD', 'POST', 'PUT', 'QUERY', 'OPTIONS', 'TRACE', 'get', 'G', 'FOO'].map((method) => ({
    name: `method confusion: ${method} for a page`,
    attacker: asking((path) => `${method} ${path} HTTP/1.1`),
  })),
  {
    name: 'a fat GET: a body that some origins read parameters from',
    attacker: (path) => `${plain('Content-Length: 6')(path)}evil=1`,
  },
  {
    name: 'a fat GET in chunks',
    attacker: (path) => `${plain('Transfer-Encoding: chunked')(path)}6\r\nevil=1\r\n0\r\n\r\n`,
  },
  {
    name: 'a POST with a body for a page that is then read',
    attacker: (path) => `POST ${path} HTTP/1.1\r\n${HOST}\r\nContent-Length: 6\r\n\r\nevil=1`,
  },
  {
    name: 'a QUERY with a body for a page that is then read',
    attacker: (path) => `QUERY ${path} HTTP/1.1\r\n${HOST}\r\nContent-Length: 6\r\n\r\nevil=1`,
  },
];

/** What is asked for first, and what then: written so that some reader takes the two for one. */
const CONFUSABLE: readonly (readonly [name: string, evil: string, asked: string])[] = [
  ['an encoded slash', '/a%2Fb', '/a/b'],
  ['an encoded slash, in lower case', '/a%2fb', '/a%2Fb'],
  ['an encoded dot segment', '/%2e%2e/b', '/b'],
  ['a dot segment behind an encoded slash', '/a/..%2fb', '/b'],
  ['a dot segment that is encoded twice', '/%252e%252e/b', '/b'],
  ['an encoded percent sign', '/a%2562', '/a%62'],
  ['a backslash', '/a%5Cb', '/a/b'],
  ['path parameters', '/b;evil=1', '/b'],
  ['path parameters within', '/a;evil/b', '/a/b'],
  ['path parameters before a dot segment', '/a;/../b', '/b'],
  ['slashes in a row', '//b', '/b'],
  ['slashes in a row within', '/a//b', '/a/b'],
  ['a slash at the end', '/b/', '/b'],
  ['an encoded question mark', '/b%3Fevil=1', '/b?evil=1'],
  ['an encoded question mark as the end', '/b%3F', '/b'],
  ['an encoded hash', '/b%23evil', '/b'],
  ['an encoded NUL', '/b%00.css', '/b'],
  ['an encoded line end', '/b%0d%0aX-Evil:%201', '/b'],
  ['an encoded space', '/b%20', '/b'],
  ['another case', '/B', '/b'],
  ['another case of an escape', '/%c3%a9', '/%C3%A9'],
  ['a letter that need not be encoded', '/%62', '/b'],
  ['an escape that is none', '/%zz', '/zz'],
  ['a query that is empty', '/b?', '/b'],
  ['a query with a semicolon', '/b?a=1;evil=1', '/b?a=1'],
  ['a parameter that comes twice', '/b?a=evil&a=1', '/b?a=1'],
  ['parameters in another order', '/b?b=2&a=1', '/b?a=1&b=2'],
  ['an encoded ampersand', '/b?a=1%26evil=1', '/b?a=1&evil=1'],
  ['an encoded parameter name', '/b?%61=evil', '/b?a=evil'],
  ['a plus for a space', '/b?a=x+y', '/b?a=x%20y'],
  ['a second question mark', '/b?a=1?evil=1', '/b?a=1'],
  ['a file name that caches like', '/account.css', '/account'],
  ['a file name behind a path', '/account/x.css', '/account'],
];

const paths: readonly PoisoningAttack[] = CONFUSABLE.flatMap(([name, evil, asked]) => [
  { name: `${name}: ${evil} before ${asked}`, attacker: behind(evil), victim: behind(asked) },
  { name: `${name}: ${asked} before ${evil}`, attacker: behind(asked), victim: behind(evil) },
]);

const get = (path: string) => `GET ${path} HTTP/1.1`;

const targets: readonly PoisoningAttack[] = [
  ...['evil.test', 'site.test:1337', 'site.test:', 'site.test.', 'SITE.TEST', 'evil.site.test'].map(
    (host) => ({
      name: `another Host for the same path: ${host}`,
      attacker: asking(get, `Host: ${host}`),
    }),
  ),
  ...['', 'site.test@evil.test', 'site.test/evil', 'site.test evil', '[::1', 'a,site.test'].map(
    (host) => ({
      name: `a Host that is none: "${host}"`,
      attacker: asking(get, `Host: ${host}`),
    }),
  ),
  { name: 'two Hosts', attacker: asking(get, `Host: evil.test\r\n${HOST}`) },
  { name: 'two Hosts, the other way round', attacker: asking(get, `${HOST}\r\nHost: evil.test`) },
  { name: 'a Host that is continued', attacker: asking(get, `${HOST}\r\n evil.test`) },
  {
    name: 'a space before the colon of Host',
    attacker: asking(get, `${HOST}\r\nHost : evil.test`),
  },
  {
    name: 'an absolute target for another host than Host says',
    attacker: asking((path) => get(`http://evil.test${path}`)),
  },
  {
    name: 'an absolute target for this host, and a Host of another',
    attacker: asking((path) => get(`http://site.test${path}`), 'Host: evil.test'),
  },
  {
    name: 'an absolute target of another scheme',
    attacker: asking((path) => get(`https://site.test${path}`)),
  },
  {
    name: 'an absolute target of a scheme nobody has',
    attacker: asking((path) => get(`evil://site.test${path}`)),
  },
  {
    name: 'user information in an absolute target',
    attacker: asking((path) => get(`http://evil@site.test${path}`)),
  },
  { name: 'a fragment', attacker: asking((path) => get(`${path}#evil`)) },
  { name: 'a raw NUL', attacker: asking((path) => get(`${path}\0evil`)) },
  { name: 'a raw space', attacker: asking((path) => get(`${path} evil`)) },
  { name: 'a raw tab', attacker: asking((path) => get(`${path}\tevil`)) },
  { name: 'raw bytes above 127', attacker: asking((path) => get(`${path}\xe9`)) },
  { name: 'HTTP/1.0 without a Host', attacker: (path) => `GET ${path} HTTP/1.0\r\n\r\n` },
];

/** What the victim sends as well, but the origin is not to see: its answer is for those without. */
const hopByHop: readonly PoisoningAttack[] = [
  ...['Cookie: id=1', 'Accept-Language: de', 'Accept-Encoding: gzip', 'X-Kind: a'].map((field) => {
    const [name = ''] = field.split(':');
    return {
      name: `Connection names a field the answer varies by: ${name}`,
      attacker: plain(`Connection: ${name}`, field),
      victim: plain(field),
      vary: name,
    };
  }),
  {
    name: 'Connection names the field that says who asks',
    attacker: plain('Connection: Authorization', 'Authorization: Bearer evil'),
    victim: plain('Authorization: Bearer victim'),
  },
  ...['Host', 'Forwarded', 'X-Forwarded-For', 'X-Forwarded-Proto', 'Via', 'Cache-Control'].map(
    (name) => ({
      name: `Connection names a field that the edge writes: ${name}`,
      attacker: plain(`Connection: ${name}`),
    }),
  ),
];

/** An origin that says nothing of whom its answer is for, and means the one who asked. */
const identities: readonly PoisoningAttack[] = [
  {
    name: 'an answer to one who named itself',
    attacker: plain('Authorization: Bearer evil'),
    victim: plain('Authorization: Bearer victim'),
  },
  {
    name: 'an answer to one who named itself, for one who did not',
    attacker: plain('Authorization: Bearer evil'),
  },
];

const asksOfCaches: readonly PoisoningAttack[] = [
  'Range: bytes=0-3',
  'Range: bytes=0-',
  'Range: bytes=0-3\r\nIf-Range: "evil"',
  'If-None-Match: *',
  'If-Modified-Since: Fri, 31 Dec 2100 00:00:00 GMT',
  'If-Match: "evil"',
  'If-Unmodified-Since: Mon, 01 Jan 1990 00:00:00 GMT',
  'Cache-Control: only-if-cached',
  'Cache-Control: max-stale',
  'Cache-Control: no-store',
  'Cache-Control: max-age=0, no-cache="x',
  'Pragma: no-cache',
  'Expect: 100-continue',
  'TE: trailers, gzip',
  'Upgrade: h2c\r\nConnection: Upgrade, HTTP2-Settings\r\nHTTP2-Settings: AAMAAABkAAQAAP__',
].map((field) => ({
  name: `a request that asks for something special: ${field.replaceAll('\r\n', ', ')}`,
  attacker: plain(field),
}));

/** Whole requests behind a body whose end two readers might see in two places. */
const smuggling: readonly PoisoningAttack[] = [
  {
    name: 'a length and chunks',
    attacker: (path) =>
      `POST ${path} HTTP/1.1\r\n${HOST}\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n` +
      `0\r\n\r\nGET ${path}?evil HTTP/1.1\r\n${HOST}\r\n\r\n`,
  },
  {
    name: 'two lengths',
    attacker: (path) =>
      `GET ${path} HTTP/1.1\r\n${HOST}\r\nContent-Length: 0\r\nContent-Length: 44\r\n\r\n` +
      `GET ${path}?evil HTTP/1.1\r\n${HOST}\r\n\r\n`,
  },
  {
    name: 'a chunked body whose coding is spelled in a way of its own',
    attacker: (path) =>
      `POST ${path} HTTP/1.1\r\n${HOST}\r\nTransfer-Encoding: xchunked\r\n\r\n` +
      `0\r\n\r\nGET ${path}?evil HTTP/1.1\r\n${HOST}\r\n\r\n`,
  },
  {
    name: 'a request behind a GET that says it has a body',
    attacker: (path) => {
      const hidden = `GET ${path}?evil HTTP/1.1\r\n${HOST}\r\n\r\n`;
      return `GET ${path} HTTP/1.1\r\n${HOST}\r\nContent-Length: ${hidden.length}\r\n\r\n${hidden}`;
    },
  },
  {
    name: 'a request behind one that is answered from memory',
    attacker: (path) =>
      `${plain()(path)}GET ${path} HTTP/1.1\r\n${HOST}\r\nX-Original-URL: /evil\r\n\r\n`,
  },
];

export const poisoningAttacks: Readonly<Record<string, readonly PoisoningAttack[]>> = {
  'fields that are no part of the key': unkeyed,
  'methods and bodies': methods,
  'paths that look alike': paths,
  'hosts and forms of targets': targets,
  'fields taken off on the way': hopByHop,
  'who is asking': identities,
  'what is asked of caches': asksOfCaches,
  'more than one request': smuggling,
};
