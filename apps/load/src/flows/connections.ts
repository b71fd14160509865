/** Opens the connections of a flow, and reports them. */
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { buildConnector } from 'undici';
import { isLoopbackHost } from '../target-guard.ts';
import type { FlowScope } from './flow-scope.ts';

/** Where undici gets its connections from. */
export interface Connector {
  readonly connect: buildConnector.connector;
  /** Connections that are being opened. */
  readonly opening: number;
}

/** Connections for undici, HTTP/2 where `http2` says so: by ALPN, without TLS by prior knowledge. */
export function createConnector(scope: FlowScope, http2: boolean): Connector {
  const options = {
    allowH2: http2,
    preferH2: http2,
    useH2c: http2,
    timeout: scope.timeoutMs,
    lookup: scope.guard.lookup,
    signal: scope.closing,
  } as buildConnector.BuildOptions;
  const verifying = buildConnector(options);
  // A server under development has a certificate that nobody signed.
  const trusting = buildConnector({ ...options, rejectUnauthorized: false });
  let opening = 0;

  return {
    get opening() {
      return opening;
    },
    connect(to, callback) {
      const startMs = performance.now();
      opening++;
      const connector = isLoopbackHost(to.hostname) ? trusting : verifying;
      connector(to, (...result) => {
        opening--;
        // What it is without a connection, its types have not quite right.
        if (result[1]) report(scope, result[1], startMs);
        callback(...result);
      });
    },
  };
}

/** A connection for a WebSocket; `ready` is called when it can carry the handshake. */
export function openConnection(
  scope: FlowScope,
  to: { readonly host: string; readonly port: number; readonly isSecure: boolean },
  ready: () => void,
): Socket {
  const startMs = performance.now();
  const { host, port, isSecure } = to;
  const options = { host, port, lookup: scope.guard.lookup, signal: scope.closing };
  const socket = isSecure
    ? connectTls({
        ...options,
        servername: isIP(host) === 0 ? host : '',
        ALPNProtocols: ['http/1.1'],
        rejectUnauthorized: !isLoopbackHost(host),
      })
    : connectTcp(options);
  socket.setNoDelay(true);
  return socket.once(isSecure ? 'secureConnect' : 'connect', () => {
    report(scope, socket, startMs);
    ready();
  });
}

function report({ recorder, series }: FlowScope, socket: Socket, startMs: number): void {
  recorder.connected(series, performance.now() - startMs);
  recorder.connections(1);
  socket.once('close', () => recorder.connections(-1));
}
