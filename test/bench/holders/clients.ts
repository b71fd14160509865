/**
 * A program that sends `GET /hold` on many connections and waits for the answers. Run as
 * `HOST PORT COUNT`; it sends how many were answered with 200 and how many were not.
 */
import { connect } from 'node:net';

const REPORT_INTERVAL_MS = 100;
/** Connections that are being opened at a time: more would overflow the queues of listeners. */
const OPENING_AT_ONCE = 64;

const [host, port, count] = process.argv.slice(2);
const progress = { answered: 0, failed: 0 };
let remaining = Number(count);

for (let opener = 0; opener < OPENING_AT_ONCE; opener++) openNext();
process.on('disconnect', () => process.exit());
setInterval(() => process.send?.(progress), REPORT_INTERVAL_MS);

function openNext(): void {
  if (remaining-- <= 0) return;
  let isAnswered = false;
  const socket = connect(Number(port), host, () => {
    socket.write(`GET /hold HTTP/1.1\r\nHost: ${host}:${port}\r\n\r\n`);
    openNext();
  });
  socket.once('data', (chunk) => {
    isAnswered = chunk.toString('latin1').startsWith('HTTP/1.1 200 ');
    if (isAnswered) progress.answered++;
    socket.destroy();
  });
  socket.on('error', () => socket.destroy());
  socket.on('close', () => {
    if (!isAnswered) progress.failed++;
  });
}
