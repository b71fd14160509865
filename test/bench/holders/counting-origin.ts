/**
 * A program that answers every request with the target it was asked for: `/held/…` when it is told
 * to, anything else at once. Run as `HOST PORT`; it sends the number of requests it holds to its
 * parent, and takes `release`.
 */
import { createServer, type Socket } from 'node:net';

const REPORT_INTERVAL_MS = 10;

const [host, port] = process.argv.slice(2);
/** What each connection waits to be answered. */
const held = new Map<Socket, string>();

const server = createServer({ noDelay: true }, (socket) => {
  let head = '';
  socket.on('data', (chunk) => {
    head += chunk.toString('latin1');
    if (!head.endsWith('\r\n\r\n')) return;
    const target = head.slice(head.indexOf(' ') + 1, head.indexOf(' HTTP/1.1\r\n'));
    head = '';
    if (target.startsWith('/held/')) held.set(socket, target);
    else socket.write(answerTo(target));
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => held.delete(socket));
});
server.listen({ host, port: Number(port), backlog: 4096 });

process.on('message', (message) => {
  if (message !== 'release') return;
  for (const [socket, target] of held) socket.write(answerTo(target));
  held.clear();
});
process.on('disconnect', () => process.exit());
setInterval(() => process.send?.(held.size), REPORT_INTERVAL_MS);

function answerTo(target: string): string {
  return `HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: ${target.length}\r\n\r\n${target}`;
}
