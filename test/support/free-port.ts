/**
 * Ports of 127.0.0.1 that nobody listens on. Test files run beside each other, so a port is claimed
 * for as long as the process lives: nobody is given one that another still means to use.
 */
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Below those the kernel gives to connecting sockets, and below those contests take. */
const FIRST_PORT = 10_000;
const PORTS = 7_000;
const claims = join(tmpdir(), 'headgate-test-ports');

const held = new Set<string>();
process.once('exit', () => {
  for (const file of held) rmSync(file, { force: true });
});

/** A port that was free a moment ago: connecting is refused, and listening is possible. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = FIRST_PORT + Math.floor(Math.random() * PORTS);
    if (claim(port) && (await isFree(port))) return port;
  }
}

/** The URL of an upstream that refuses every connection. */
export async function refusingUrl(): Promise<string> {
  return `http://127.0.0.1:${await freePort()}`;
}

function claim(port: number): boolean {
  mkdirSync(claims, { recursive: true });
  const file = join(claims, `${port}`);
  try {
    writeFileSync(file, `${process.pid}`, { flag: 'wx' });
  } catch {
    // One whose process has ended is free for the next who asks.
    if (!isAlive(ownerOf(file))) rmSync(file, { force: true });
    return false;
  }
  held.add(file);
  return true;
}

function ownerOf(file: string): number {
  try {
    return Number(readFileSync(file, 'utf8'));
  } catch {
    return 0;
  }
}

function isAlive(pid: number): boolean {
  try {
    // Somebody who has not written a number yet is there.
    return pid === 0 || process.kill(pid, 0);
  } catch {
    return false;
  }
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
