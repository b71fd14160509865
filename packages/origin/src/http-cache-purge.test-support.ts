/** Something that is told to forget, as a test wants it. */
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { json } from 'node:stream/consumers';
import type { TestContext } from 'node:test';

/** How an edge takes a purge: with a status, or not at all. */
type Manner = number | 'silent';

export interface TestEdge {
  url: string;
  readonly asked: { readonly body: unknown; readonly headers: IncomingHttpHeaders }[];
  manner: Manner;
  /** How far its purges come. */
  reach: 'here' | 'everywhere' | 'queued';
}

/** The admin listener of an edge that keeps nothing; listens on `path` of a socket, or a free port. */
export async function startEdge(t: TestContext, path?: string): Promise<TestEdge> {
  const edge: TestEdge = { url: '', asked: [], manner: 200, reach: 'here' };
  const server = createServer(async (request, response) => {
    edge.asked.push({ body: await json(request), headers: request.headers });
    const { manner, reach } = edge;
    if (manner === 'silent') return;
    response.writeHead(manner, { 'content-type': 'application/json' });
    response.end(
      JSON.stringify(manner === 200 ? { changed: [], workers: 1, reach } : { detail: 'because' }),
    );
  });
  await new Promise<void>((resolve) => {
    if (path === undefined) server.listen(0, '127.0.0.1', resolve);
    else server.listen(path, resolve);
  });
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  edge.url =
    path === undefined
      ? `http://127.0.0.1:${(server.address() as AddressInfo).port}`
      : `unix:${path}`;
  return edge;
}
