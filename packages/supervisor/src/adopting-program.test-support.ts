/**
 * For tests: adopts the sockets in the first argument, opens those in the second, and says what
 * came of it.
 */
import { ListenSockets } from './listen-sockets.ts';

const [adopted, asked] = process.argv.slice(2).map((argument) => JSON.parse(argument));
const sockets = new ListenSockets(adopted);
for (const { key, endpoint } of asked) await sockets.open(key, endpoint);
process.stdout.write(
  JSON.stringify({ open: sockets.descriptors(), unused: sockets.closeUnused() }),
);
sockets.closeAll();
