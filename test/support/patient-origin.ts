/** An origin that says who it is, counts what it is asked, and can keep its answers back. */
import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface PatientOrigin extends AsyncDisposable {
  readonly url: string;
  readonly port: number;
  /** Requests so far, without health checks. */
  readonly asked: number;
  /** Health checks so far. */
  readonly probed: number;
  /** Requests that wait for their answer. */
  readonly held: number;
  /** From now on nothing is answered, not even with a head, except health checks. */
  hold(): void;
  /** Answers what was kept back, and from now on everything at once. */
  release(): void;
}

export interface PatientOriginPlace {
  /** An address of this machine; default 127.0.0.1. */
  readonly host?: string;
  /** Default: a free one. */
  readonly port?: number;
}

/** Starts one that answers with `name`; disposing of it cuts every connection. */
export async function startPatientOrigin(
  name = 'ok',
  { host = '127.0.0.1', port = 0 }: PatientOriginPlace = {},
): Promise<PatientOrigin> {
  let asked = 0;
  let probed = 0;
  let isHolding = false;
  const held = new Set<ServerResponse>();
  const answer = (response: ServerResponse) => {
    response.setHeader('content-length', Buffer.byteLength(name));
    response.end(name);
  };
  const server = createServer((request, response) => {
    request.resume();
    if (request.headers['user-agent'] === 'headgate-probe') {
      probed += 1;
      answer(response);
      return;
    }
    asked += 1;
    if (!isHolding) {
      answer(response);
      return;
    }
    held.add(response);
    response.once('close', () => held.delete(response));
  });
  // Longer than the proxy keeps its idle connections.
  server.keepAliveTimeout = 120_000;
  server.listen(port, host);
  await once(server, 'listening');
  const bound = (server.address() as AddressInfo).port;
  return {
    url: `http://${host}:${bound}`,
    port: bound,
    get asked() {
      return asked;
    },
    get probed() {
      return probed;
    },
    get held() {
      return held.size;
    },
    hold() {
      isHolding = true;
    },
    release() {
      isHolding = false;
      for (const response of held) answer(response);
      held.clear();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
