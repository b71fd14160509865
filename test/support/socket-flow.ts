/** How much has left a socket, and whether it still flows. */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** Bytes the kernel has taken from this socket. */
export function sentBytes(socket: Socket): number {
  return socket.bytesWritten - socket.writableLength;
}

/** The value of `read` once it is above zero and has stood still for half a second. */
export async function awaitSteady(read: () => number): Promise<number> {
  let last = read();
  for (;;) {
    await sleep(500);
    const next = read();
    if (next > 0 && next === last) return next;
    last = next;
  }
}
