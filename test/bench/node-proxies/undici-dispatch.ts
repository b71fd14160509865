/** The least a proxy of `node:http` and undici's `dispatch` can do: what the libraries cost. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { type Dispatcher, Pool } from 'undici';

const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'upgrade']);

const [port, ...origins] = process.argv.slice(2);
const pools = origins.map(
  (address) => new Pool(`http://${address}`, { pipelining: 1, keepAliveTimeout: 300_000 }),
);
let turn = 0;

const server = createServer({ keepAliveTimeout: 300_000 }, (request, response) => {
  turn = (turn + 1) % pools.length;
  const headers = endToEnd(request.rawHeaders);
  headers.push('x-forwarded-for', request.socket.remoteAddress ?? '');
  pools[turn]?.dispatch(
    {
      method: request.method as Dispatcher.HttpMethod,
      path: request.url ?? '/',
      headers,
      body: hasBody(request) ? request : null,
    },
    passTo(response),
  );
});
server.listen(Number(port), '127.0.0.1', 4096);

function passTo(response: ServerResponse): Dispatcher.DispatchHandler {
  return {
    onRequestStart(controller) {
      response.once('close', () => {
        if (!response.writableEnded) controller.abort(new Error('the client left'));
      });
    },
    onResponseStart(controller, status) {
      response.writeHead(status, endToEnd((controller.rawHeaders ?? []) as Buffer[]));
    },
    onResponseData(controller, chunk) {
      if (response.write(chunk)) return;
      controller.pause();
      response.once('drain', () => controller.resume());
    },
    onResponseEnd: () => void response.end(),
    onResponseError: () => void response.destroy(),
  };
}

function endToEnd(raw: readonly (string | Buffer)[]): string[] {
  const kept: string[] = [];
  for (let index = 0; index + 1 < raw.length; index += 2) {
    const name = String(raw[index]);
    if (!HOP_BY_HOP.has(name.toLowerCase())) kept.push(name, String(raw[index + 1]));
  }
  return kept;
}

function hasBody(request: IncomingMessage): boolean {
  return 'content-length' in request.headers || 'transfer-encoding' in request.headers;
}
