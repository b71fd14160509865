/**
 * A program that answers `/hold` when it is told to, anything else at once. Run as `HOST PORT`;
 * it sends the number of requests it holds to its parent, and takes `release`.
 */
import { createServer, type Socket } from 'node:net';

const REPORT_INTERVAL_MS = 100;
const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok';

const [host, port] = process.argv.slice(2);
const held = new Set<Socket>();

const server = createServer((socket) => {
  let head = '';
  socket.on('data', (chunk) => {
    head += chunk.toString('latin1');
    if (!head.endsWith('\r\n\r\n')) return;
    if (head.startsWith('GET /hold ')) held.add(socket);
    else socket.write(ANSWER);
    head = '';
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => held.delete(socket));
});
// Several processes may share the port.
server.listen({ host, port: Number(port), backlog: 4096, reusePort: true });

process.on('message', (message) => {
  if (message !== 'release') return;
  for (const socket of held) socket.write(ANSWER);
  held.clear();
});
process.on('disconnect', () => process.exit());
setInterval(() => process.send?.(held.size), REPORT_INTERVAL_MS);
