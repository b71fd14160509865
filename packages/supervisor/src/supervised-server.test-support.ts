/** A real supervisor with real workers, for tests. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createConnection, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import type { SupervisorEvent } from './events.ts';
import type { StartOrder } from './http-worker.test-support.ts';
import { createSupervisor, type Supervisor, type SupervisorOptions } from './supervisor.ts';

export const HTTP_WORKER = fileURLToPath(new URL('./http-worker.test-support.ts', import.meta.url));

/** Long enough for any machine; nothing takes long unless it is broken. */
const DEADLINE_MS = 30_000;

export interface SupervisedServer {
  readonly supervisor: Supervisor;
  readonly events: readonly SupervisorEvent[];
  readonly port: number;
  /** Process ids of the ready workers. */
  pids(): number[];
  /** What the workers that start from now on do wrong. */
  fault: StartOrder['fault'] | undefined;
}

/** Not started yet, and stopped with the test. */
export function createServers(
  t: TestContext,
  options: Partial<SupervisorOptions> = {},
): SupervisedServer {
  const events: SupervisorEvent[] = [];
  const supervisor = createSupervisor({
    workers: 1,
    start: { file: HTTP_WORKER, args: [], env: process.env, execArgv: [] },
    readyTimeoutMs: DEADLINE_MS,
    stuckAfterMs: DEADLINE_MS,
    drainTimeoutMs: DEADLINE_MS,
    recycle: {},
    adopted: [],
    prepare: async (ask) => {
      const endpoint = { kind: 'tcp', host: '127.0.0.1', port: 0 };
      await ask('start', { endpoint, fault: servers.fault });
    },
    onEvent: (event) => events.push(event),
    ...options,
  });
  t.after(() => supervisor.stop('quick'));
  const servers: SupervisedServer = {
    supervisor,
    events,
    fault: undefined,
    get port() {
      const endpoint = supervisor.sockets.descriptors()[0]?.endpoint;
      assert.ok(endpoint?.kind === 'tcp', 'no socket is open');
      return endpoint.port;
    },
    pids: () =>
      supervisor.workers.flatMap(({ state, pid }) => (state === 'ready' && pid ? [pid] : [])),
  };
  return servers;
}

/** A kept-alive connection that makes one request after the other. */
export class Client {
  readonly #socket: Socket;
  readonly #chunks: AsyncIterator<Buffer>;
  #text = '';

  private constructor(socket: Socket) {
    this.#socket = socket;
    this.#chunks = socket[Symbol.asyncIterator]();
  }

  static async connect(t: TestContext, port: number): Promise<Client> {
    const socket = createConnection(port, '127.0.0.1');
    t.after(() => socket.destroy());
    await once(socket, 'connect');
    return new Client(socket);
  }

  send(path: string): void {
    this.#socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`);
  }

  /** The next answer: who gave it, and the path it was given for. */
  async receive(): Promise<{ readonly pid: number; readonly path: string }> {
    for (;;) {
      const answer = /^HTTP\/1\.1 200 OK\r\nContent-Length: (\d+)\r\n\r\n/.exec(this.#text);
      const length = Number(answer?.[1]);
      const body = answer && this.#text.slice(answer[0].length, answer[0].length + length);
      if (answer && body?.length === length) {
        this.#text = this.#text.slice(answer[0].length + length);
        const [pid, path = ''] = body.split(' ');
        return { pid: Number(pid), path };
      }
      const { value, done } = await this.#chunks.next();
      assert.ok(!done, 'the connection was closed before its answer');
      this.#text += value.toString('latin1');
    }
  }

  async get(path: string): Promise<number> {
    this.send(path);
    const answer = await this.receive();
    assert.equal(answer.path, path);
    return answer.pid;
  }

  close(): void {
    this.#socket.destroy();
  }
}

/** One request on a connection of its own. */
export async function get(t: TestContext, port: number, path = '/'): Promise<number> {
  const client = await Client.connect(t, port);
  try {
    return await client.get(path);
  } finally {
    client.close();
  }
}

/** Repeats `check` until it does not throw. */
export async function eventually<T>(check: () => T | Promise<T>): Promise<T> {
  const deadline = performance.now() + DEADLINE_MS;
  for (;;) {
    try {
      return await check();
    } catch (error) {
      if (performance.now() > deadline) throw error;
    }
    await sleep(10);
  }
}
