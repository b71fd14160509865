/** A real edge: `headgate run` in a process of its own, from configuration to exit code. */
import { type ChildProcess, spawn } from 'node:child_process';
import type { ProxyConfigInput } from '@headgate/proxy';
import { type ConfigFile, writeConfig } from './config-file.ts';
import { eventually, soon } from './eventually.ts';
import { headgateMain } from './headgate-command.ts';

/** The configuration under test; a listener and an admin listener on free ports are added. */
export type TestConfig = Omit<ProxyConfigInput, 'listeners'> & Partial<ProxyConfigInput>;

export interface Exit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** Settings of the one service that `startProxyTo` writes. */
export type TestService = Partial<ProxyConfigInput['services'][string]>;

/** One process, which is enough for most tests and starts sooner; or a supervisor and workers. */
export type ProxyMode = 'single' | 'supervised';

const MODE: ProxyMode = process.env.HEADGATE_TEST_MODE === 'supervised' ? 'supervised' : 'single';

/** Several processes read every file of the edge, and beside many others that takes its time. */
const START_DEADLINE_MS = 60_000;

/**
 * Starts an edge and waits until it says `ready`; rejects with its complaints when it exits.
 * `place` makes the file it is configured by.
 */
export async function startProxy(
  config: TestConfig,
  mode: ProxyMode = MODE,
  place: (text: string) => Promise<ConfigFile> = writeConfig,
): Promise<ProxyProcess> {
  const file = await place(configText(config));
  const args = [headgateMain, 'run', '--config', file.path];
  if (mode === 'single') args.push('--single');
  const child = spawn(process.execPath, args, {
    // The channel lets the edge notice when the process of the tests dies.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const proxy = new ProxyProcess(child, file, mode);
  try {
    await proxy.prints('ready', 1, START_DEADLINE_MS);
  } catch (error) {
    await proxy[Symbol.asyncDispose]();
    throw error;
  }
  return proxy;
}

/** An edge with one service, called `app`, over these upstreams and one route to it. */
export function startProxyTo(
  urls: readonly string[],
  service: TestService = {},
  rest: Partial<ProxyConfigInput> = {},
): Promise<ProxyProcess> {
  return startProxy(configTo(urls, service, rest));
}

/** The configuration `startProxyTo` runs, for reloads. */
export function configTo(
  urls: readonly string[],
  service: TestService = {},
  rest: Partial<ProxyConfigInput> = {},
): TestConfig {
  return {
    services: { app: { upstreams: urls.map((url) => ({ url })), ...service } },
    routes: [{ service: 'app' }],
    ...rest,
  };
}

export class ProxyProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  /** Resolves when the process is over. */
  readonly exited: Promise<Exit>;
  readonly file: ConfigFile;
  stdout = '';
  stderr = '';
  private exit: Exit | undefined;
  private readonly mode: ProxyMode;

  constructor(child: ChildProcess, file: ConfigFile, mode: ProxyMode) {
    this.child = child;
    this.file = file;
    this.mode = mode;
    child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.exited = new Promise((resolve) => {
      child.once('close', (code, signal) => {
        this.exit = { code, signal };
        resolve(this.exit);
      });
    });
  }

  /** Ports of the listeners, in the order they were announced. */
  get ports(): number[] {
    return [...this.stdout.matchAll(/^listening on http:\/\/.*:(\d+)$/gm)].map((m) => Number(m[1]));
  }

  /** Port of the first listener. */
  get port(): number {
    return this.ports[0] as number;
  }

  get adminPort(): number {
    return Number(/^admin on http:\/\/.*:(\d+)$/m.exec(this.stdout)?.[1]);
  }

  get pid(): number {
    return this.child.pid as number;
  }

  /** Waits for a whole line on standard output, `times` times. */
  async prints(line: string, times = 1, deadlineMs?: number): Promise<void> {
    await eventually(() => {
      const found = this.stdout.split('\n').filter((one) => one === line).length;
      if (found < times && !this.exit)
        throw new Error(`"${line}" was not printed:\n${this.stdout}`);
    }, deadlineMs);
    if (this.exit && !this.stdout.split('\n').includes(line)) {
      throw new Error(`headgate exited with ${this.exit.code}: ${this.stderr}`);
    }
  }

  /** Replaces the configuration, sends SIGHUP, and waits until the edge has taken it. */
  async reload(config: TestConfig): Promise<void> {
    const before = this.stdout.split('\n').filter((line) => line === 'reloaded').length;
    await this.file.write(configText(config));
    this.signal('SIGHUP');
    await this.prints('reloaded', before + 1);
  }

  signal(name: NodeJS.Signals): void {
    this.child.kill(name);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A supervisor takes its workers along only when it is asked.
    this.signal(this.mode === 'single' ? 'SIGKILL' : 'SIGQUIT');
    await soon(this.exited, 'the exit of the edge').finally(() => this.signal('SIGKILL'));
    await this.file[Symbol.asyncDispose]();
  }
}

/** What the file of an edge under test says: YAML is a superset of JSON. */
export function configText(config: TestConfig): string {
  return JSON.stringify({
    listeners: [{ address: '127.0.0.1:0' }],
    admin: { address: '127.0.0.1:0' },
    ...config,
  });
}
