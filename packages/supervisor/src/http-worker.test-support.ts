/** A worker for tests: serves plain HTTP by hand, and does what the order it gets at start says. */
import { once } from 'node:events';
import { createServer, Socket } from 'node:net';
import { joinSupervisor } from './link.ts';
import type { SocketHandle } from './listen-sockets.ts';
import type { HandOverNote, ListenEndpoint } from './messages.ts';

export interface StartOrder {
  readonly endpoint: ListenEndpoint;
  readonly fault?: 'refuse' | 'exit' | 'hang';
}

const joined = joinSupervisor();
if (!joined) throw new Error('this program is started by a supervisor only');
const link = joined;

/** Every open connection, with what was read of its next request. */
const connections = new Map<Socket, string>();
let requests = 0;
let inFlight = 0;
let isDraining = false;

const server = createServer(serve);

link.onAsk('start', async (body) => {
  const { endpoint, fault } = body as StartOrder;
  if (fault === 'refuse') throw new Error('the configuration is wrong');
  if (fault === 'exit') process.exit(7);
  if (fault === 'hang') return new Promise(() => {});
  const { handle } = await link.listen('http', endpoint);
  server.listen(handle);
  await once(server, 'listening');
  setImmediate(() => link.ready());
  return undefined;
});
link.onAsk('connections', () => connections.size);
link.onAsk('give away', (body) => giveAway(Number(body)));
link.onAsk('give away and die', () => {
  giveAway(1);
  process.exit(9);
});
link.onAsk('in flight', () => inFlight);
link.onAsk('fail', () => {
  throw new Error('no such thing');
});
link.onAsk('gather', (body) => link.gather('connections', body));
link.facts(() => ({ connections: connections.size, requests, inFlight }));
link.onHandedOver((handle, _note) => serve(new Socket({ handle } as object)));
link.onDrain(async ({ mayHandOver }) => {
  isDraining = true;
  server.close();
  link.unlisten('http');
  while (connections.size > 0) {
    if (mayHandOver) giveAway(connections.size);
    else for (const socket of atRest()) socket.end();
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
});
link.onDisconnect(() => process.exit(0));
setInterval(() => {
  while (!isDraining && link.hasSurplus() && giveAway(1) > 0);
}, 50).unref();

function serve(socket: Socket): void {
  connections.set(socket, '');
  socket.on('error', () => {});
  socket.on('close', () => connections.delete(socket));
  socket.on('data', (chunk) => {
    let text = (connections.get(socket) ?? '') + chunk.toString('latin1');
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      const [, path = '/'] = text.split(' ');
      text = text.slice(end + 4);
      void answer(socket, path);
    }
    connections.set(socket, text);
  });
}

async function answer(socket: Socket, path: string): Promise<void> {
  if (path === '/block') for (;;);
  if (path === '/slow') {
    inFlight += 1;
    await new Promise((resolve) => setTimeout(resolve, 500));
    inFlight -= 1;
  }
  requests += 1;
  const body = `${process.pid} ${path}`;
  socket.write(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n${body}`);
  if (path === '/move') giveAway(1);
}

function atRest(): Socket[] {
  if (inFlight > 0) return [];
  return [...connections].filter(([, text]) => text === '').map(([socket]) => socket);
}

function giveAway(count: number): number {
  const given = atRest().slice(0, count);
  const note: HandOverNote = { listener: 'http', isReused: true };
  for (const socket of given) {
    const handle = detach(socket);
    if (handle) link.handOver(handle, note);
  }
  return given.length;
}

/** The connection without its socket: what it had read is served, and nothing more is read. */
function detach(socket: Socket): SocketHandle | undefined {
  const owner = socket as unknown as { _handle: SocketHandle | null };
  const handle = owner._handle;
  connections.delete(socket);
  handle?.readStop();
  owner._handle = null;
  socket.destroy();
  return handle ?? undefined;
}
