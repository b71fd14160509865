/** The inspector of a running Node process: opened by SIGUSR1, used, and closed again. */
import { get } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { nameOf, optionsOf } from './choose-processes.ts';
import { InspectorClient } from './inspector-client.ts';
import { holderOf, isListening, type Listener, listenersOf } from './listeners.ts';
import { listProcesses, type ProcessFacts, readProcess } from './process-list.ts';
import { closeInspector, whoAreYou } from './target-program.ts';

/** Opening takes some 20 ms; a busy machine takes its time. */
const ANSWER_MS = 10_000;
/** Another profile holds the port for a moment only. */
const PORT_FREE_MS = 3_000;
const PAUSE_MS = 5;

const DEFAULT_PORT = 9229;

/**
 * Calls `use` with a connection to the inspector of a process. If it was closed before, it is
 * opened, and closed again whatever `use` does. Rejects when it cannot be reached.
 */
export async function withInspector<Result>(
  target: ProcessFacts,
  use: (client: InspectorClient) => Promise<Result>,
): Promise<Result> {
  const { client, wasOpen } = await openInspector(target);
  try {
    return await use(client);
  } finally {
    if (wasOpen) client.close();
    else await shut(client);
  }
}

interface OpenInspector {
  readonly client: InspectorClient;
  readonly wasOpen: boolean;
}

async function openInspector(target: ProcessFacts): Promise<OpenInspector> {
  const address = inspectorAddress(target);
  const before = listenersOf(target.pid);
  // A debugger's inspector is used, and left as it is.
  const known = before?.filter(({ port }) => port === address.port || mayInspect(target));
  const open = await firstClient(known ?? [address], target);
  if (open) return { client: open, wasOpen: true };
  await untilFree(address);
  signal(target);
  return { client: await opened(target, address, before ?? []), wasOpen: false };
}

/** The client of an inspector that has come up; rejects when none does in time. */
async function opened(
  target: ProcessFacts,
  address: Listener,
  before: readonly Listener[],
): Promise<InspectorClient> {
  const deadline = performance.now() + ANSWER_MS;
  while (performance.now() < deadline) {
    const listeners = listenersOf(target.pid) ?? [address];
    const fresh = listeners.filter((one) => !before.some(({ port }) => port === one.port));
    const client = await firstClient(fresh, target);
    if (client) return client;
    if (!isAlive(target.pid)) throw new Error('it has ended');
    await sleep(PAUSE_MS);
  }
  throw new Error(
    'it did not open its inspector: it handles SIGUSR1 itself, or another had the port just then',
  );
}

/** Connects to the first of `listeners` that is the inspector of this process and no other. */
async function firstClient(
  listeners: readonly Listener[],
  target: ProcessFacts,
): Promise<InspectorClient | undefined> {
  for (const listener of listeners) {
    const path = await debuggerPath(listener);
    if (path === undefined) continue;
    const client = await InspectorClient.connect(
      `ws://${authorityOf(listener)}${path}`,
      ANSWER_MS,
    ).catch(() => undefined);
    if (client === undefined) continue;
    const pid = await client.run(whoAreYou, [], ANSWER_MS).catch((error: Error) => error);
    if (pid === target.ownPid) return client;
    client.close();
    if (pid instanceof Error) throw pid;
  }
  return undefined;
}

/** Path of the WebSocket, which is a secret of the process; undefined for what is no inspector. */
function debuggerPath({ host, port }: Listener): Promise<string | undefined> {
  return new Promise((resolve) => {
    const request = get(
      { host, port, path: '/json/list', agent: false, timeout: ANSWER_MS },
      async (response) => {
        try {
          const [first] = (await json(response)) as { webSocketDebuggerUrl?: string }[];
          resolve(new URL(first?.webSocketDebuggerUrl ?? '').pathname);
        } catch {
          resolve(undefined);
        }
      },
    );
    request.once('timeout', () => request.destroy());
    request.once('error', () => resolve(undefined));
  });
}

async function json(response: AsyncIterable<Buffer>): Promise<unknown> {
  const chunks: Buffer[] = [];
  for await (const chunk of response) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

/** Waits until its port is nobody's: a process that finds it taken opens none. */
async function untilFree(address: Listener): Promise<void> {
  if (address.port === 0) return;
  const deadline = performance.now() + PORT_FREE_MS;
  while (await isListening(address)) {
    if (performance.now() > deadline) {
      throw new Error(
        `its inspector would listen on port ${address.port}, which ${holderText(address.port)} has. ` +
          `End that, or start the app with --inspect-port=0`,
      );
    }
    await sleep(PAUSE_MS * 10);
  }
}

function holderText(port: number): string {
  const all = listProcesses();
  const holder = all.get(holderOf(port, all.keys()) ?? -1);
  return holder ? `process ${holder.pid} (${nameOf(holder)})` : 'another process';
}

/** Another process may have got its pid since it was chosen, and would not survive the signal. */
function signal(target: ProcessFacts): void {
  const now = readProcess(target.pid);
  if (now === undefined) throw new Error('it has ended');
  if (
    now.program !== target.program ||
    now.startedAt !== target.startedAt ||
    now.catchesUsr1 === false
  ) {
    throw new Error('it has ended, and another process has its pid');
  }
  try {
    process.kill(target.pid, 'SIGUSR1');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ESRCH') throw new Error('it has ended');
    if (code === 'EPERM') throw new Error('it belongs to another user; run this as that user');
    throw error;
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** Where it opens its inspector: 127.0.0.1:9229, unless it was started with something else. */
export function inspectorAddress(target: ProcessFacts): Listener {
  let address: Listener = { host: '127.0.0.1', port: DEFAULT_PORT };
  for (const option of optionsOf(target)) {
    const value = /^--(?:inspect(?:-brk|-port|-wait)?|debug-port)=(.+)$/.exec(option)?.[1];
    const [, host, port] = /^(?:(.*):)?(\d+)$/.exec(value ?? '') ?? [];
    if (port === undefined) continue;
    address = { host: host && host !== '0.0.0.0' ? host : '127.0.0.1', port: Number(port) };
  }
  return address;
}

function mayInspect(target: ProcessFacts): boolean {
  return optionsOf(target).some((option) => /^--inspect(?!-port|-publish)/.test(option));
}

function authorityOf({ host, port }: Listener): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}

/** The end of the connection tells that it is done. */
async function shut(client: InspectorClient): Promise<void> {
  await client.run(closeInspector, [], ANSWER_MS).catch(() => {});
  const isClosed = await Promise.race([
    client.closed.then(() => true),
    sleep(ANSWER_MS, false, { ref: false }),
  ]);
  client.close();
  if (!isClosed)
    throw new Error('its inspector closes when its event loop turns, which takes it long');
}
