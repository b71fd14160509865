/** Unix sockets for tests: paths in a folder of their own, and what a killed process leaves. */
import { once } from 'node:events';
import { mkdtemp, rename, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';

/** A path that nothing is at yet; all is removed after the test. */
export async function socketPathFor(t: TestContext): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-socket-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  return join(folder, 'app.sock');
}

/** Leaves a socket at `path` that nobody listens on. */
export async function leaveSocketAt(path: string): Promise<void> {
  const server = createServer();
  server.listen(`${path}.first`);
  await once(server, 'listening');
  // Under another name, because a server removes its own.
  await rename(`${path}.first`, path);
  server.close();
  await once(server, 'close');
}
