// Owns one server of the set over its starts and stops: its folder, its port, its address.
import { randomInt } from 'node:crypto';
import {
  type Postmaster,
  type ProgramPlace,
  runProgram,
  type StopMode,
  startPostmaster,
} from './postmaster.ts';

/** One server: the primary or a replica. */
export interface PostgresInstance {
  /** The main process; 0 while it is stopped. */
  readonly pid: number;
  /** Connection string; stays the same over restarts. */
  readonly url: string;
  /** Ends it, `fast` unless told; does nothing when it has ended. */
  stop(mode?: StopMode): Promise<void>;
  /** Starts it again on its data and its port; does nothing while it runs. */
  start(): Promise<void>;
}

/** What one server is made of. */
export interface InstanceOptions {
  readonly place: ProgramPlace;
  /** The server program. */
  readonly postgres: string;
  readonly dataFolder: string;
  readonly password: string;
  readonly settings: Readonly<Record<string, string>>;
  /** The port it had in an earlier life. */
  readonly port?: number | undefined;
}

export const USER = 'headgate';
const ADDRESS_IN_USE = /could not bind IPv4 address/;
const PORT_ATTEMPTS = 20;

/** A server that was started at least once. */
export class Instance implements PostgresInstance {
  readonly #options: InstanceOptions;
  #port: number;
  #postmaster: Postmaster | undefined;
  #wasKilled = false;

  private constructor(options: InstanceOptions) {
    this.#options = options;
    this.#port = options.port ?? choosePort();
  }

  /** Starts a server on a port that nobody listens on. */
  static async start(options: InstanceOptions): Promise<Instance> {
    const instance = new Instance(options);
    for (let attempt = 1; ; attempt++) {
      try {
        await instance.start();
        return instance;
      } catch (error) {
        if (attempt === PORT_ATTEMPTS || !ADDRESS_IN_USE.test(String(error))) throw error;
        instance.#port = choosePort();
      }
    }
  }

  get port(): number {
    return this.#port;
  }

  get pid(): number {
    return this.#postmaster?.pid ?? 0;
  }

  get url(): string {
    return `postgres://${USER}:${this.#options.password}@127.0.0.1:${this.#port}/postgres`;
  }

  async start(): Promise<void> {
    if (this.#postmaster) return;
    const { place, postgres, dataFolder, settings } = this.#options;
    const all = { ...settings, port: String(this.#port) };
    const args = Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
    const started = await startPostmaster(place, postgres, ['-D', dataFolder, ...args]);
    this.#postmaster = started;
    this.#wasKilled = false;
    void started.closed.then(() => {
      if (this.#postmaster !== started) return;
      // Nobody asked for it: the kernel or an operator killed it.
      this.#wasKilled = true;
      this.#postmaster = undefined;
    });
  }

  async stop(mode: StopMode = 'fast'): Promise<void> {
    if (!this.#postmaster) return;
    const ending = this.#postmaster;
    this.#postmaster = undefined;
    this.#wasKilled = mode === 'kill';
    await ending.stop(mode);
  }

  /** Waits until its log has said `pattern`; it must be running. */
  async says(pattern: RegExp): Promise<void> {
    await this.#postmaster?.says(pattern);
  }

  /** Ends it for good, and what a killed one left in shared memory. */
  async retire(mode: StopMode): Promise<void> {
    await this.stop(mode);
    if (!this.#wasKilled) return;
    const { place, postgres, dataFolder } = this.#options;
    // A server that starts and ends on the same folder removes it, and nothing else would.
    await runProgram(place, postgres, ['--single', '-D', dataFolder, 'template1']);
  }
}

/** Below 32768: the system gives the ports above to connections. */
function choosePort(): number {
  return randomInt(15_000, 32_000);
}
