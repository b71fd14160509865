/** One probe: a question to an upstream on a connection of its own, and what came of it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { buildConnector, Client } from 'undici';
import { tlsNameOf, type UpstreamAddress } from './address.ts';
import { type Expectation, GOOD_STATUSES, unexpectedIn } from './probe-expect.ts';

/** How to reach the upstream that is asked. */
export interface ProbeConnection {
  readonly address: UpstreamAddress;
  readonly connectTimeoutMs: number;
  /** Largest response head accepted, in bytes. */
  readonly headSizeBytes: number;
}

/** A request, whose answer is judged. */
interface HttpQuestion {
  readonly type?: 'http';
  readonly path: string;
  /** The Host field; default: that of the address. */
  readonly host?: string | undefined;
  /** Default: any status from 200 to 399. */
  readonly expect?: Expectation | undefined;
}

/** A connection, which only has to be accepted. */
interface TcpQuestion {
  readonly type: 'tcp';
}

export type ProbeQuestion = (HttpQuestion | TcpQuestion) & {
  /** Default: that of the address. A unix socket has none. */
  readonly port?: number | undefined;
  readonly timeoutMs: number;
};

export interface ProbeAnswer {
  readonly isGood: boolean;
  /** For people. */
  readonly reason: string;
}

/** More of an answer than this is not read; that it came is enough. */
const BODY_LIMIT_BYTES = 65_536;

/** What errors of sockets and of undici say about the upstream. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'refused the connection',
  ECONNRESET: 'cut the connection',
  EHOSTUNREACH: 'cannot be reached',
  ENOENT: 'has no socket at its path',
  ENOTFOUND: 'has a name nobody knows',
  UND_ERR_CONNECT_TIMEOUT: 'accepted no connection in time',
  UND_ERR_HEADERS_OVERFLOW: 'answered with too large a head',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'broke off its answer',
  UND_ERR_SOCKET: 'cut the connection',
};

/** Asks once, within `timeoutMs`. Never rejects; `stopped` ends it at once. */
export async function askUpstream(
  connection: ProbeConnection,
  question: ProbeQuestion,
  stopped: AbortSignal,
): Promise<ProbeAnswer> {
  const isTcp = question.type === 'tcp';
  const timeoutMs = isTcp
    ? Math.min(question.timeoutMs, connection.connectTimeoutMs)
    : question.timeoutMs;
  const timeout = new AbortController();
  const timer = setTimeout(() => timeout.abort(), timeoutMs);
  const signal = AbortSignal.any([timeout.signal, stopped]);
  const target = { ...connection, address: withPort(connection.address, question.port) };
  try {
    return isTcp
      ? await openConnection(target, signal)
      : await sendRequest(target, question, signal);
  } catch (error) {
    if (!timeout.signal.aborted) return { isGood: false, reason: reasonOf(error) };
    const reason = isTcp ? 'accepted no connection' : `${question.path} did not answer`;
    return { isGood: false, reason: `${reason} in ${timeoutMs} ms` };
  } finally {
    clearTimeout(timer);
  }
}

async function openConnection(
  { address: { endpoint } }: ProbeConnection,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  const socket = connect(
    endpoint.kind === 'unix'
      ? { path: endpoint.path }
      : { host: endpoint.host, port: endpoint.port },
  );
  try {
    await once(socket, 'connect', { signal });
    return { isGood: true, reason: 'accepted a connection' };
  } finally {
    // An upstream may cut what it has accepted; that is its right.
    socket.on('error', () => {}).destroy();
  }
}

async function sendRequest(
  connection: ProbeConnection,
  { path, host, expect = { statuses: GOOD_STATUSES } }: HttpQuestion,
  signal: AbortSignal,
): Promise<ProbeAnswer> {
  // A connection of its own: an open one says nothing about whether new ones are taken.
  const client = new Client(originOf(connection.address), {
    pipelining: 0,
    maxHeaderSize: connection.headSizeBytes,
    connect: createConnector(connection),
  });
  try {
    const { statusCode, headers, body } = await client.request({
      method: 'GET',
      path,
      headers: { 'user-agent': 'headgate-probe', ...(host !== undefined && { host }) },
      signal,
    });
    // Read, not dumped: an answer that breaks off or never ends is not a good one.
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of body) {
      chunks.push(chunk as Buffer);
      sizeBytes += (chunk as Buffer).length;
      if (sizeBytes > BODY_LIMIT_BYTES) break;
    }
    const beginning = Buffer.concat(chunks).subarray(0, BODY_LIMIT_BYTES);
    const unexpected = unexpectedIn({ status: statusCode, headers, body: beginning }, expect);
    return unexpected === undefined
      ? { isGood: true, reason: 'answered' }
      : { isGood: false, reason: `${path} answered ${unexpected}` };
  } finally {
    await client.destroy();
  }
}

function withPort(address: UpstreamAddress, port: number | undefined): UpstreamAddress {
  const { endpoint, key } = address;
  if (port === undefined || endpoint.kind === 'unix') return address;
  const url = new URL(key);
  url.port = String(port);
  return { ...address, key: url.origin, endpoint: { ...endpoint, port } };
}

/** What undici takes the Host field from; a unix socket has no host of its own. */
function originOf({ key, endpoint }: UpstreamAddress): string {
  return endpoint.kind === 'unix' ? 'http://localhost' : key;
}

/** Opens sockets to the upstream; on TLS the name asked for and verified is the upstream's own. */
function createConnector(connection: ProbeConnection): buildConnector.connector {
  const { endpoint } = connection.address;
  const open = buildConnector({
    timeout: connection.connectTimeoutMs,
    allowH2: false,
    ...(endpoint.kind === 'unix' ? { socketPath: endpoint.path } : {}),
  });
  const servername = tlsNameOf(connection.address) ?? '';
  return (options, callback) => open({ ...options, servername }, callback);
}

/** Says it in words where there are some, with the code that people search for. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const code = 'code' in error && error.code !== undefined ? String(error.code) : error.name;
  return `${REASONS[code] ?? error.message} (${code})`;
}
