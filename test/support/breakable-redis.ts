/** Redis servers that tests may kill, freeze and start again, alone, watched over or as a cluster. */
import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { eventually } from './eventually.ts';
import { freePort } from './free-port.ts';
import { type Program, startProgram, temporaryFolder } from './program.ts';

const run = promisify(execFile);

export interface BreakableRedis extends AsyncDisposable {
  readonly port: number;
  readonly url: string;
  /** Ends the process at once, as a crash would, and waits until it is gone. */
  kill(): Promise<void>;
  /** Starts it again after `kill`, at the same address, with nothing in it. */
  restart(): Promise<void>;
  /** Stops the process where it stands: connections stay open, and nothing is answered. */
  freeze(): void;
  thaw(): void;
  /** Runs one command. */
  command(name: string, ...args: string[]): Promise<unknown>;
}

/** Starts one and waits until it accepts connections; `args` are further ones of `redis-server`. */
export async function startBreakableRedis(
  args: readonly string[] = [],
  port?: number,
): Promise<BreakableRedis> {
  const server = new Server(port ?? (await freePort()), args);
  await server.restart();
  return server;
}

class Server implements BreakableRedis {
  readonly port: number;
  readonly #args: readonly string[];
  #program: Program | undefined;

  constructor(port: number, args: readonly string[]) {
    this.port = port;
    this.#args = args;
  }

  get url(): string {
    return `redis://127.0.0.1:${this.port}`;
  }

  async restart(): Promise<void> {
    const place = ['--port', `${this.port}`, '--bind', '127.0.0.1'];
    const keeps = ['--save', '', '--appendonly', 'no', '--repl-diskless-sync-delay', '0'];
    // A replica takes what its master has through a file, which it need not keep.
    const file = ['--dir', tmpdir(), '--dbfilename', `headgate-${this.port}.rdb`];
    const args = [...place, ...keeps, ...file, '--rdb-del-sync-files', 'yes', ...this.#args];
    this.#program = startProgram('redis-server', args);
    await this.#program.says(/ready to accept connections/i);
  }

  async kill(): Promise<void> {
    this.#program?.child.kill('SIGKILL');
    await this.#program?.[Symbol.asyncDispose]();
  }

  freeze(): void {
    this.#program?.child.kill('SIGSTOP');
  }

  thaw(): void {
    this.#program?.child.kill('SIGCONT');
  }

  async command(name: string, ...args: string[]): Promise<unknown> {
    const client = new Redis(this.port, '127.0.0.1', { lazyConnect: true });
    try {
      await client.connect();
      return await client.call(name, ...args);
    } finally {
      client.disconnect();
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.kill();
  }
}

/** A master, its replica, and a Sentinel that makes the one the other when it is silent. */
export interface WatchedRedis extends AsyncDisposable {
  /** Where the Sentinel is, and what it calls the master. */
  readonly place: { readonly name: string; readonly nodes: string[] };
  readonly first: BreakableRedis;
  readonly second: BreakableRedis;
  /** Waits until the Sentinel says that `server` is the master. */
  awaitMaster(server: BreakableRedis): Promise<void>;
}

export async function startWatchedRedis(): Promise<WatchedRedis> {
  await using stack = new AsyncDisposableStack();
  const first = stack.use(await startBreakableRedis());
  const replicaOf = ['--replicaof', '127.0.0.1', `${first.port}`];
  const second = stack.use(await startBreakableRedis(replicaOf));
  await eventually(async () => {
    const info = String(await first.command('INFO', 'replication'));
    if (!info.includes('state=online')) throw new Error(`no replica:\n${info}`);
  });
  const { path } = stack.use(await temporaryFolder());
  const file = join(path, 'sentinel.conf');
  const port = await freePort();
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${path}`,
    `sentinel monitor app 127.0.0.1 ${first.port} 1`,
    'sentinel down-after-milliseconds app 500',
    'sentinel failover-timeout app 3000',
  ];
  await writeFile(file, `${lines.join('\n')}\n`);
  await stack.use(startProgram('redis-server', [file, '--sentinel'])).accepts(port);
  const ask = async (what: string) => {
    const { stdout } = await run('redis-cli', ['-p', `${port}`, 'sentinel', what, 'app']);
    return stdout;
  };
  await eventually(async () => {
    const replicas = await ask('replicas');
    if (!replicas.includes(`${second.port}`)) throw new Error(`no replica is known: ${replicas}`);
  });
  const rest = stack.move();
  return {
    place: { name: 'app', nodes: [`redis://127.0.0.1:${port}`] },
    first,
    second,
    awaitMaster: (server) =>
      eventually(async () => {
        const address = await ask('get-master-addr-by-name');
        if (!address.includes(`${server.port}`)) throw new Error(`the master is ${address}`);
        const info = String(await server.command('INFO', 'replication'));
        if (!info.includes('role:master')) throw new Error(`it does not know:\n${info}`);
      }),
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}

/** Three masters that share the slots. */
export interface ClusteredRedis extends AsyncDisposable {
  readonly nodes: string[];
  /** Moves this many slots, with all that is in them, from one server to another. */
  reshard(slots: number): Promise<void>;
}

export async function startClusteredRedis(): Promise<ClusteredRedis> {
  await using stack = new AsyncDisposableStack();
  const servers: BreakableRedis[] = [];
  for (let i = 0; i < 3; i++) {
    const { path } = stack.use(await temporaryFolder());
    const timeouts = ['--cluster-node-timeout', '2000', '--cluster-require-full-coverage', 'no'];
    // Servers talk to each other on a port of its own; without this it is 10,000 above.
    const args = [
      '--cluster-enabled',
      'yes',
      '--cluster-port',
      `${await freePort()}`,
      '--dir',
      path,
    ];
    servers.push(stack.use(await startBreakableRedis([...args, ...timeouts])));
  }
  const addresses = servers.map(({ port }) => `127.0.0.1:${port}`);
  await run('redis-cli', ['--cluster', 'create', ...addresses, '--cluster-yes']);
  const awaitAgreement = () =>
    eventually(async () => {
      for (const server of servers) {
        const info = String(await server.command('CLUSTER', 'INFO'));
        if (!info.includes('cluster_state:ok')) throw new Error(info);
      }
      const { stdout } = await run('redis-cli', ['--cluster', 'check', addresses[0] as string]);
      if (!stdout.includes('All 16384 slots covered')) throw new Error(stdout);
    });
  await awaitAgreement();
  const rest = stack.move();
  return {
    nodes: servers.map(({ url }) => url),
    async reshard(slots) {
      const [from, to] = await Promise.all(
        servers.slice(0, 2).map((server) => server.command('CLUSTER', 'MYID')),
      );
      const ends = ['--cluster-from', `${from}`, '--cluster-to', `${to}`];
      const amount = ['--cluster-slots', `${slots}`, '--cluster-yes'];
      const at = addresses[0] as string;
      await run('redis-cli', ['--cluster', 'reshard', at, ...ends, ...amount]);
      await awaitAgreement();
    },
    [Symbol.asyncDispose]: () => rest.disposeAsync(),
  };
}
