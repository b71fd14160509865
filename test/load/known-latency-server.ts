/**
 * A program that answers every request with a latency of `known-latency.ts`, to a tenth of a
 * millisecond. Run as `STALL_FROM_MS STALL_TO_MS` (since the first request; 0 0 for none); it sends
 * its port.
 */

import { type AddressInfo, createServer, type Socket } from 'node:net';
import { answerMs } from './known-latency.ts';

const ANSWER = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok';
/** After a pause of this length, the next request counts as the first. */
const PAUSE_MS = 300;
/** Timers are this much too late at most; what remains is waited for turn by turn. */
const TIMER_MS = 2;
/** Multiples of it fall evenly into 0 to 1 in any number (Weyl), so that few suffice. */
const GOLDEN = 0.618_033_988_749_894_9;

const [from, to] = process.argv.slice(2).map(Number);
const stall = to ? { fromMs: from ?? 0, toMs: to } : undefined;
let firstMs = 0;
let lastMs = Number.NEGATIVE_INFINITY;
let count = 0;

const server = createServer({ noDelay: true }, (socket) => {
  let text = '';
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1');
    while (text.includes('\r\n\r\n')) {
      text = text.slice(text.indexOf('\r\n\r\n') + 4);
      answer(socket);
    }
  });
  socket.on('error', () => socket.destroy());
});

function answer(socket: Socket): void {
  const nowMs = performance.now();
  if (nowMs - lastMs > PAUSE_MS) {
    firstMs = nowMs;
    count = 0;
  }
  lastMs = nowMs;
  const share = (count++ * GOLDEN) % 1;
  const dueMs = firstMs + answerMs(nowMs - firstMs, share, stall);
  setTimeout(() => finish(socket, dueMs), dueMs - nowMs - TIMER_MS);
}

function finish(socket: Socket, dueMs: number): void {
  if (performance.now() < dueMs) setImmediate(finish, socket, dueMs);
  else if (!socket.destroyed) socket.write(ANSWER);
}

server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port));
process.on('disconnect', () => process.exit());
