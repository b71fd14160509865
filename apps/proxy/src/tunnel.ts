/**
 * Upgraded connections (WebSocket): the carrier that hands the handshake to http-proxy-3 and adds
 * what it lacks: a handshake deadline, another upstream when one refuses, an idle limit, teardown
 * of both sides whichever goes first, and a close that both are told of when the edge goes.
 */
import { type ClientRequest, type IncomingHttpHeaders, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { type FieldLines, fieldLine, type RequestHead } from '@headgate/http1';
import { createProxyServer, type ProxyServer } from 'http-proxy-3';
import { formatAddress, tlsNameOf } from './address.ts';
import type { AttemptListener, AttemptOrder, Cancellable, Carrier } from './carrier.ts';
import { type FailureKind, failure, type Outcome } from './errors.ts';
import type { Peer } from './forwarded.ts';
import { writePage } from './http1/page.ts';
import type { UpstreamRuntime } from './snapshot.ts';
import { CLOSING_MS, closeTunnel, type OpenTunnel } from './tunnel-close.ts';
import { TunnelFlow } from './tunnel-flow.ts';
import type { CloseCode } from './websocket-frames.ts';

/** A side that has said it is done gets this long before the other is closed under it. */
const GRACE_MS = 5_000;

export interface Tunnels {
  /** Tunnels whose upstream has agreed. */
  readonly count: number;
  /** Makes the carrier of an upgrade. */
  carrier(head: RequestHead, peer: Peer, socket: Socket, rest: Buffer): Carrier;
  /**
   * Closes every tunnel with this code within `withinMs`: not all at one instant, for their clients
   * are going to connect anew. One that opens later is closed at once. The first call counts.
   */
  drain(code: CloseCode, withinMs: number): void;
}

export interface TunnelsDeps {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly randomBytes: (size: number) => Uint8Array;
}

/** Makes carriers for upgraded connections; one per process. */
export function createTunnels({ random, randomBytes }: TunnelsDeps): Tunnels {
  const open = new Set<OpenTunnel>();
  let draining: CloseCode | undefined;
  const closeIn = (tunnel: OpenTunnel, code: CloseCode, delayMs: number) => {
    const timer = setTimeout(() => closeTunnel(tunnel, code, randomBytes(4)), delayMs);
    tunnel.up.from.once('close', () => clearTimeout(timer));
  };
  const opened = (tunnel: OpenTunnel) => {
    open.add(tunnel);
    tunnel.up.from.once('close', () => open.delete(tunnel));
    if (draining) closeIn(tunnel, draining, 0);
  };
  const proxy = createProxyServer({ ws: true, xfwd: false, changeOrigin: false });
  const handshakes = new WeakMap<Duplex, (request: ClientRequest) => void>();
  proxy.on('proxyReqWs', (request: ClientRequest, _message: IncomingMessage, socket: Duplex) => {
    handshakes.get(socket)?.(request);
  });
  // Socket errors end in 'close', which settles the tunnel; without a listener they would throw.
  proxy.on('error', () => {});
  return {
    get count() {
      return open.size;
    },
    drain(code, withinMs) {
      if (draining) return;
      draining = code;
      const spreadMs = Math.max(0, Math.min(withinMs / 2, withinMs - CLOSING_MS));
      for (const tunnel of open) closeIn(tunnel, code, random() * spreadMs);
    },
    carrier(_head, peer, socket, rest) {
      let unread = rest;
      let isRefused = false;
      let unwatch = () => {};
      return {
        peer,
        body: undefined,
        extraLines: UPGRADE_LINES,
        writer: undefined,
        canHedge: false,
        localAuthority: () =>
          formatAddress(socket.localAddress ?? 'localhost', socket.localPort ?? 80),
        attend(life) {
          unwatch = watchClient(socket, life);
        },
        attempt(order, listener) {
          const handshake = openTunnel(socket, order, listener, unwatch, opened);
          const { onRequest, onError } = handshake;
          handshakes.set(socket, onRequest);
          begin(proxy, messageOf(order, socket), socket, unread, order.upstream, onError);
          unread = Buffer.alloc(0);
          return handshake;
        },
        refuse(page) {
          isRefused = true;
          unwatch();
          if (socket.writable) writePage(socket, page);
        },
        finished() {
          unwatch();
          // What has begun, or has nobody to read it, cannot end well.
          if (!isRefused) socket.destroy();
        },
      };
    },
  };
}

const UPGRADE_LINES = (fieldLine('connection', 'Upgrade') +
  fieldLine('upgrade', 'websocket')) as FieldLines;

/** The request as http-proxy-3 knows it. */
function messageOf({ request, requestLines }: AttemptOrder, socket: Socket): IncomingMessage {
  const message = new IncomingMessage(socket);
  message.method = request.method;
  message.url = request.target;
  message.httpVersion = '1.1';
  message.rawHeaders.push(...namesAndValues(`${request.lines}${requestLines}`));
  message.headers = toHeaderObject(message.rawHeaders);
  return message;
}

function begin(
  proxy: ProxyServer,
  message: IncomingMessage,
  socket: Socket,
  head: Buffer,
  { address }: UpstreamRuntime,
  onError: (error: Error) => void,
): void {
  const { endpoint } = address;
  const target =
    endpoint.kind === 'unix'
      ? { socketPath: endpoint.path, host: 'localhost', port: 80, protocol: 'http:' }
      : address.key;
  const ssl = { servername: tlsNameOf(address) ?? '' };
  proxy.ws(message, socket, head, { target, toProxy: true, ssl }, onError);
}

/** Ends `life` when the client leaves, until the function returned is called. */
function watchClient(socket: Socket, life: Cancellable): () => void {
  const onGone = () => life.cancel('client-gone', 'the client closed the connection');
  // Nobody reads before the upgrade, so a client that leaves would go unnoticed.
  const read = () => {};
  socket.on('readable', read);
  socket.once('end', onGone);
  socket.once('close', onGone);
  return () => {
    socket.removeListener('readable', read);
    socket.removeListener('end', onGone);
    socket.removeListener('close', onGone);
  };
}

interface Handshake extends Cancellable {
  onRequest(request: ClientRequest): void;
  onError(error: Error): void;
}

class HandshakeTimeout extends Error {}

function openTunnel(
  socket: Socket,
  { service, answerLines }: AttemptOrder,
  listener: AttemptListener,
  unwatch: () => void,
  opened: (tunnel: OpenTunnel) => void,
): Handshake {
  const { handshake: handshakeMs, tunnelIdle: idleMs } = service.config.timeouts;
  let isSettled = false;
  const settle = (outcome: Outcome) => {
    if (isSettled) return;
    isSettled = true;
    listener.settled(outcome);
  };
  let request: ClientRequest | undefined;
  let isConnected = false;
  let hasAnswerBegun = false;

  // The library ends the client's socket on every failed handshake. Until the upstream has agreed
  // the socket is ours: another upstream may be asked, or an error page written.
  socket.destroySoon = () => {};
  const timer = setTimeout(() => request?.destroy(new HandshakeTimeout()), handshakeMs);

  const finishHandshake = () => {
    clearTimeout(timer);
    Reflect.deleteProperty(socket, 'destroySoon');
  };
  const fail = (kind: FailureKind, detail: string) => {
    finishHandshake();
    settle({
      ...failure(kind, detail),
      hasResponseStarted: hasAnswerBegun,
      wasAnythingSent: isConnected,
    });
  };
  const beginAnswer = () => {
    hasAnswerBegun = true;
    finishHandshake();
    unwatch();
  };

  return {
    cancel(kind, detail) {
      request?.destroy();
      fail(kind, detail);
    },
    onRequest(opening) {
      request = opening;
      opening.once('socket', (upstreamSocket) => {
        upstreamSocket.once('connect', () => {
          isConnected = true;
        });
      });
      opening.once('upgrade', (answer, upstreamSocket) => {
        beginAnswer();
        listener.answered(101, undefined);
        answer.headers = passedOn(answer.headers, answerLines);
        // The library joins both sockets, and resets their timeouts, in its own listener, which runs
        // after this; nothing flows before the next turn.
        process.nextTick(() => {
          const tunnel = join(socket, upstreamSocket, idleMs);
          if (tunnel) opened(tunnel);
        });
        socket.once('close', () => settle({ kind: 'answered', status: 101 }));
      });
      opening.once('response', (answer) => {
        beginAnswer();
        answer.headers = { ...passedOn(endToEnd(answer), answerLines), connection: 'close' };
        superviseRefusal(socket, opening, answer, service.config.timeouts.idle);
        socket.once('close', () => settle(refusalOutcome(answer)));
      });
    },
    onError(error) {
      const [kind, detail] = classify(error, isConnected);
      // The library ends the socket as soon as it has reported: it must not be given back before.
      queueMicrotask(() => fail(kind, detail));
    },
  };
}

/** The library passes the answer on; that it cannot hang, or end early unseen, is ensured here. */
function superviseRefusal(
  client: Socket,
  request: ClientRequest,
  answer: IncomingMessage,
  idleMs: number,
): void {
  const cut = () => client.destroy();
  // Read only to notice that the client leaves.
  client.on('readable', () => {});
  client.once('end', cut);
  client.setTimeout(idleMs, cut);
  answer.once('close', () => {
    if (!answer.complete) cut();
  });
  client.once('close', () => request.destroy());
}

function refusalOutcome(answer: IncomingMessage): Outcome {
  if (answer.complete) return { kind: 'answered', status: answer.statusCode ?? 502 };
  const detail = 'the answer to the upgrade did not reach its end';
  return { ...failure('truncated', detail), hasResponseStarted: true, wasAnythingSent: true };
}

/**
 * Moves the bytes of a tunnel from now on. Whichever side closes or stays silent too long takes the
 * other with it. Undefined when the client has gone already.
 */
function join(client: Socket, upstream: Socket, idleMs: number): OpenTunnel | undefined {
  if (client.destroyed) {
    upstream.destroy();
    return undefined;
  }
  const cut = () => {
    client.destroy();
    upstream.destroy();
  };
  let grace: NodeJS.Timeout | undefined;
  const startGrace = () => {
    grace ??= setTimeout(cut, GRACE_MS);
  };
  // Every byte crosses the client's socket, so its silence is the tunnel's.
  client.setTimeout(idleMs, cut);
  client.once('end', startGrace);
  upstream.once('end', startGrace);
  client.once('close', () => {
    clearTimeout(grace);
    grace = undefined;
    upstream.destroy();
  });
  upstream.once('close', () => {
    if (!client.destroyed) startGrace();
  });
  return { up: new TunnelFlow(client, upstream), down: new TunnelFlow(upstream, client), cut };
}

function classify(error: Error & { code?: string }, isConnected: boolean): [FailureKind, string] {
  if (error instanceof HandshakeTimeout) {
    return isConnected
      ? ['first-byte-timeout', 'the upstream did not answer the upgrade in time']
      : ['connect-timeout', 'no upstream of this service accepted a connection in time'];
  }
  if (!isConnected) return ['connect-failed', 'no upstream of this service accepts connections'];
  return error.code?.startsWith('HPE_')
    ? ['upstream-invalid', 'the upstream answered the upgrade with something that is not HTTP']
    : ['upstream-reset', 'the upstream closed the connection instead of upgrading it'];
}

/** Names and values alternating. */
function namesAndValues(lines: string): string[] {
  return lines.split('\r\n').flatMap((line) => {
    const colon = line.indexOf(':');
    return colon > 0 ? [line.slice(0, colon), line.slice(colon + 1).trim()] : [];
  });
}

/** The fields of an answer as the client gets them, with those of the edge. */
function passedOn(headers: IncomingHttpHeaders, added: FieldLines): IncomingHttpHeaders {
  const kept = Object.entries(headers).flatMap(([name, value = []]) =>
    EDGE_ONLY.includes(name) ? [] : [value].flat().flatMap((one) => [name, one]),
  );
  return toHeaderObject([...kept, ...namesAndValues(added)]);
}

const EDGE_ONLY = ['headgate-load', 'x-request-id'];

function toHeaderObject(headers: readonly string[]): Record<string, string | string[]> {
  const object: Record<string, string | string[]> = {};
  for (let i = 0; i < headers.length; i += 2) {
    const name = (headers[i] as string).toLowerCase();
    const value = headers[i + 1] as string;
    const previous = object[name];
    if (previous === undefined) object[name] = value;
    else object[name] = Array.isArray(previous) ? [...previous, value] : [previous, value];
  }
  return object;
}

/** RFC 9110 §7.6.1; the answer to a refused upgrade is read by Node, not by our own codec. */
const HOP_BY_HOP = [
  'connection',
  'keep-alive',
  'proxy-authenticate',
  'proxy-connection',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
];

function endToEnd(answer: IncomingMessage): Record<string, string | string[]> {
  const headers = toHeaderObject(answer.rawHeaders);
  const named = String(headers.connection ?? '')
    .toLowerCase()
    .split(',');
  for (const name of [...HOP_BY_HOP, ...named]) {
    // Without its length, an answer that breaks off would look complete.
    if (name.trim() !== 'content-length') delete headers[name.trim()];
  }
  return headers;
}
