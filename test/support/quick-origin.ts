/** An origin that answers at once and keeps nothing, for tests that send thousands of requests. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface QuickOrigin extends AsyncDisposable {
  readonly url: string;
  /** Requests so far. */
  readonly asked: number;
}

/** Starts one; disposing of it cuts every connection. */
export async function startQuickOrigin(): Promise<QuickOrigin> {
  let asked = 0;
  const server = createServer((_request, response) => {
    asked += 1;
    response.setHeader('content-length', 2);
    response.end('ok');
  });
  // Longer than the proxy keeps its idle connections.
  server.keepAliveTimeout = 120_000;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    get asked() {
      return asked;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
