/** A worker for tests: listens on the handle it is sent, and answers everyone with its pid. */
import { createServer } from 'node:net';

process.on('message', (message, handle) => {
  if (message !== 'listen') return;
  const server = createServer((socket) => {
    // Whoever only looks whether somebody listens is gone before the answer.
    socket.on('error', () => {}).end(String(process.pid));
  });
  server.listen(handle, () => process.send?.('listening'));
});
process.on('disconnect', () => process.exit());
process.send?.('hello');
