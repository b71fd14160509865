// Owns how a set of servers comes to be: folders, first data, replicas, and the end of it all.
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { findBinaries } from './binaries.ts';
import { startGuard } from './guard.ts';
import { Instance, type PostgresInstance, USER } from './instance.ts';
import { chooseOwner, giveTo, mayReach, type Owner } from './owner.ts';
import { type ProgramPlace, runProgram } from './postmaster.ts';

/** What the servers are like. */
export interface PostgresOptions {
  /** Streaming replicas beside the primary. Default 0. */
  readonly replicas?: number | undefined;
  /** Where data is kept over restarts, safely written. Default: a temporary folder, removed. */
  readonly folder?: string | undefined;
  /** Settings of postgresql.conf, on top of ours. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** Takes the servers' log, line by line. */
  readonly onLog?: ((line: string) => void) | undefined;
}

/** A primary and its replicas. */
export interface PostgresServer extends AsyncDisposable {
  /** Connection string of the primary. */
  readonly url: string;
  readonly replicaUrls: readonly string[];
  readonly primary: PostgresInstance;
  readonly replicas: readonly PostgresInstance[];
  /** Ends all of them, and removes what is temporary. May be called again. */
  stop(): Promise<void>;
}

/** What a kept folder remembers of the server. */
interface Kept {
  readonly password: string;
  readonly port?: number;
}

const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  // Lies in the data folder, so that a killed server leaves none.
  dynamic_shared_memory_type: 'mmap',
  io_method: 'sync',
  wal_keep_size: '256MB',
  wal_retrieve_retry_interval: '200ms',
  log_checkpoints: 'off',
};

/** A crash of the server loses nothing that was committed; one of the machine may. */
const FAST_SETTINGS = { fsync: 'off', full_page_writes: 'off' };

const INITDB = [
  '--username',
  USER,
  '--auth',
  'scram-sha-256',
  '--encoding',
  'UTF8',
  '--locale',
  'C',
  '--locale-provider',
  'builtin',
  '--builtin-locale',
  'C.UTF-8',
  // Rounds protect weak passwords; ours has 144 random bits.
  '--set',
  'scram_iterations=1',
];

/**
 * Starts PostgreSQL on 127.0.0.1 with a random password: for development and tests. It ends with
 * this process, however that ends. Rejects when there is no PostgreSQL for this machine, or with
 * what the server said.
 */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const owner = chooseOwner();
  const temporary = await mkdtemp(join(tmpdir(), 'headgate-postgres-'));
  giveTo(owner, temporary);
  const guard = startGuard(temporary, owner);
  const place = { owner, guard, folder: temporary, onLog: options.onLog ?? (() => {}) };
  const instances: Instance[] = [];
  const lastMode = options.folder === undefined ? 'immediate' : 'fast';
  const end = async () => {
    const ends = instances.map((instance) => instance.retire(lastMode));
    const results = await Promise.allSettled(ends);
    await guard.end();
    for (const result of results) if (result.status === 'rejected') throw result.reason;
  };
  try {
    await startAll(options, place, instances);
  } catch (error) {
    await end().catch(() => {});
    throw error;
  }
  const [primary, ...replicas] = instances as [Instance, ...Instance[]];
  let ended: Promise<void> | undefined;
  const stop = () => {
    ended ??= end();
    return ended;
  };
  return {
    url: primary.url,
    replicaUrls: replicas.map(({ url }) => url),
    primary,
    replicas,
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Whether data can be kept in `folder`. It cannot where we are root, under whom PostgreSQL does not
 * run, and others may not enter one of the folders above, as in root's home.
 */
export function mayKeepIn(folder: string): boolean {
  let at = resolve(folder);
  while (!existsSync(at)) at = dirname(at);
  const owner = chooseOwner();
  return mayReach(owner, at === resolve(folder) ? dirname(at) : at);
}

/** Starts the primary, then the replicas; `instances` has those that run, whatever happens. */
async function startAll(
  { replicas = 0, folder, settings: own = {} }: PostgresOptions,
  place: ProgramPlace,
  instances: Instance[],
): Promise<void> {
  const base = folder === undefined ? place.folder : await takeFolder(folder, place.owner);
  const { initdb, postgres } = findBinaries(place.folder, place.owner);
  const primaryFolder = join(base, 'primary');
  await refuseUsed(base, primaryFolder);
  const kept = await recall(base);
  const { password } = kept;
  if (!existsSync(join(primaryFolder, 'PG_VERSION'))) {
    const passwordFile = await writeSecret(place, 'password', password);
    // Half of it, left by somebody who was interrupted, must not be taken for all of it.
    const unfinished = `${primaryFolder}.unfinished`;
    await rm(unfinished, { recursive: true, force: true });
    const args = ['--pgdata', unfinished, '--pwfile', passwordFile, ...INITDB];
    await runProgram(place, initdb, folder === undefined ? ['--no-sync', ...args] : args);
    await rename(unfinished, primaryFolder);
  }
  const replicaFolders = Array.from({ length: replicas }, (_, i) => join(base, `replica-${i + 1}`));
  // A copy of data at rest is a replica of it; one of an earlier run may have fallen behind.
  for (const replicaFolder of replicaFolders) {
    await copyData(place, primaryFolder, replicaFolder);
  }

  const settings = { ...SETTINGS, ...(folder === undefined ? FAST_SETTINGS : {}), ...own };
  const common = { place, postgres, password };
  const { port } = kept;
  const primary = await Instance.start({ ...common, dataFolder: primaryFolder, settings, port });
  instances.push(primary);
  if (folder !== undefined) await remember(base, { password, port: primary.port });
  // Arguments are seen by everybody on the machine, a password in a file is not.
  const passfile = await writeSecret(place, 'passfile', `*:*:*:${USER}:${password}`);
  const address = `host=127.0.0.1 port=${primary.port} user=${USER}`;
  const primary_conninfo = `${address} passfile='${passfile}'`;
  for (const dataFolder of replicaFolders) {
    const all = { ...settings, primary_conninfo };
    const replica = await Instance.start({ ...common, dataFolder, settings: all });
    instances.push(replica);
    await replica.says(/started streaming WAL/);
  }
}

async function takeFolder(folder: string, owner: Owner | undefined): Promise<string> {
  const base = resolve(folder);
  // Folders above it stay open to others, or the owner could not enter.
  await mkdir(base, { recursive: true });
  await chmod(base, 0o700);
  giveTo(owner, base);
  if (mayReach(owner, base)) return base;
  throw new Error(
    `PostgreSQL does not run as root, and user nobody cannot enter ${base}: run this as another ` +
      'user, choose a folder that everybody may enter, or name a server of your own in DATABASE_URL',
  );
}

/** Two servers on one folder: PostgreSQL refuses that too, but not before we copy its data. */
async function refuseUsed(base: string, primaryFolder: string): Promise<void> {
  const lock = await readFile(join(primaryFolder, 'postmaster.pid'), 'utf8').catch(() => '');
  const pid = Number.parseInt(lock, 10);
  if (!Number.isInteger(pid) || !isAlive(pid)) return;
  throw new Error(
    `${base} is in use by the server with process id ${pid}: end what started it, or choose another folder`,
  );
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

async function writeSecret(place: ProgramPlace, name: string, secret: string): Promise<string> {
  const file = join(place.folder, name);
  await writeFile(file, secret, { mode: 0o600 });
  giveTo(place.owner, file);
  return file;
}

async function copyData(place: ProgramPlace, from: string, to: string): Promise<void> {
  await rm(to, { recursive: true, force: true });
  await runProgram(place, 'cp', ['-R', from, to]);
  await rm(join(to, 'postmaster.pid'), { force: true });
  await writeFile(join(to, 'standby.signal'), '');
}

async function recall(base: string): Promise<Kept> {
  const file = join(base, 'server.json');
  if (existsSync(file)) return JSON.parse(await readFile(file, 'utf8')) as Kept;
  const password = randomBytes(18).toString('base64url');
  // Before the data that knows the password.
  await remember(base, { password });
  return { password };
}

async function remember(base: string, kept: Kept): Promise<void> {
  await writeFile(join(base, 'server.json'), JSON.stringify(kept), { mode: 0o600 });
}
