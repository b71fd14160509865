/** Ports to listen on, below those the kernel hands to connecting sockets. */
import { once } from 'node:events';
import { createServer } from 'node:net';

/** Where `net.ipv4.ip_local_port_range` starts on Linux. */
const LOCAL_PORTS_START = 32_768;
const FIRST_PORT = 17_000;

export interface PortFinder {
  /** A port free on 127.0.0.1 and not given before; throws when none is left. */
  next(): Promise<number>;
}

/** Starts at a random place, so that two contests at a time seldom meet. */
export function createPortFinder(random: () => number): PortFinder {
  let port = FIRST_PORT + Math.floor((random() * (LOCAL_PORTS_START - FIRST_PORT)) / 2);
  return {
    async next() {
      while (port < LOCAL_PORTS_START) {
        const candidate = port++;
        if (await isFree(candidate)) return candidate;
      }
      throw new Error(`no free port is left below ${LOCAL_PORTS_START}`);
    },
  };
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
  } catch {
    return false;
  }
  server.close();
  await once(server, 'close');
  return true;
}
