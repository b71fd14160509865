/** An upstream for tests: answers as it is told and remembers what it was asked. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface FakeUpstream {
  readonly url: string;
  /** Every request so far, oldest first. */
  readonly requests: readonly IncomingMessage[];
  /** May be replaced at any time. */
  answer: RequestListener;
  /** Resolves when it has been asked `count` times in all. */
  asked(count: number): Promise<void>;
  /** Cuts every connection. */
  close(): Promise<void>;
}

/** Listens on a free port of 127.0.0.1. */
export async function startFakeUpstream(answer: RequestListener): Promise<FakeUpstream> {
  const requests: IncomingMessage[] = [];
  const server = createServer((message, response) => {
    requests.push(message);
    upstream.answer(message, response);
    server.emit('asked');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const upstream: FakeUpstream = {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    requests,
    answer,
    async asked(count) {
      while (requests.length < count) await once(server, 'asked');
    },
    async close() {
      server.closeAllConnections();
      if (server.listening) server.close();
      await once(server, 'close');
    },
  };
  return upstream;
}

/** Answers every request with `status` and a short body. */
export function answering(status: number): RequestListener {
  return (_message, response) => response.writeHead(status).end('ok');
}

/** Takes every request and answers none. */
export function silent(): void {}
