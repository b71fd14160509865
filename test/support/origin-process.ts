/** A real origin of the kit in processes of its own, from a program on disk that can be changed. */
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { eventually, soon } from './eventually.ts';

/** Several processes read every file of the kit, and beside many others that takes its time. */
const START_DEADLINE_MS = 60_000;

const kit = new URL('../../packages/origin/src/index.ts', import.meta.url).href;
const packages = fileURLToPath(new URL('../../packages/origin/node_modules', import.meta.url));

/** What `/version` answers, or why the app does not boot. */
export type Program = { readonly version: string } | { readonly bootError: string };

function programText(program: Program): string {
  const start =
    'bootError' in program
      ? `throw new Error(${JSON.stringify(program.bootError)});`
      : 'return { origin: app };';
  const version = 'version' in program ? program.version : '';
  return `
    import { createOrigin, listenEnvNames, listenSettings, readSettings, runOrigin,
      upgradeWebSocket } from ${JSON.stringify(kit)};
    import { appendFile } from 'node:fs/promises';
    import { z } from 'zod';
    const schema = z.strictObject(listenSettings(0));
    const settings = await readSettings({ name: 'app', schema, envNames: listenEnvNames });
    const { ACCESS_LOG: file, LATER } = process.env;
    const app = createOrigin({ name: 'app', accessLog: file ? { file } : 'off' });
    app.get('/version', (c) => c.text(${JSON.stringify(version)}));
    app.get('/pid', (c) => c.text(String(process.pid)));
    app.get('/slow', async (c) => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return c.text('slow');
    });
    app.get('/later', (c) => {
      c.env.scope.background('write', async () => {
        await new Promise((resolve) => setTimeout(resolve, 300));
        await appendFile(LATER, 'done\\n');
      });
      return c.text('later');
    });
    app.get('/never', () => new Promise(() => {}));
    app.get('/ws', upgradeWebSocket(() => ({ onMessage: ({ data }, ws) => ws.send(data) })));
    await runOrigin({ name: 'app', ...settings, start: async () => { ${start} } });
  `;
}

/** Starts the origin and waits until it listens; rejects with its complaints when it exits. */
export async function startOrigin(
  env: Readonly<Record<string, string>>,
  program: Program = { version: '1' },
): Promise<OriginProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-origin-'));
  const file = join(folder, 'main.mjs');
  await symlink(packages, join(folder, 'node_modules'));
  await writeFile(file, programText(program));
  const child = spawn(process.execPath, [file], {
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    // The channel lets the origin notice when the process of the tests dies.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const origin = new OriginProcess(child, folder, file);
  try {
    await origin.listens();
    return origin;
  } catch (error) {
    await origin[Symbol.asyncDispose]();
    throw error;
  }
}

export class OriginProcess implements AsyncDisposable {
  readonly child: ChildProcess;
  /** Resolves with the exit code when the process is over. */
  readonly exited: Promise<number | null>;
  stdout = '';
  stderr = '';
  #isOver = false;
  readonly #folder: string;
  readonly #file: string;

  constructor(child: ChildProcess, folder: string, file: string) {
    this.child = child;
    this.#folder = folder;
    this.#file = file;
    child.stdout?.on('data', (chunk) => {
      this.stdout += chunk;
    });
    child.stderr?.on('data', (chunk) => {
      this.stderr += chunk;
    });
    this.exited = new Promise((resolve) => {
      child.once('exit', (code) => {
        this.#isOver = true;
        resolve(code);
      });
    });
  }

  get port(): number {
    return Number(/^app listening on http:\/\/.*:(\d+)$/m.exec(this.stdout)?.[1]);
  }

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  async listens(): Promise<void> {
    await eventually(() => {
      if (!this.#isOver && !this.port) throw new Error(`it does not listen:\n${this.stderr}`);
    }, START_DEADLINE_MS);
    if (!this.port) throw new Error(`the origin has exited: ${this.stderr}`);
  }

  /** Replaces the program on disk; what runs is not changed by that. */
  async write(program: Program): Promise<void> {
    await writeFile(this.#file, programText(program));
  }

  /** Sends a signal and waits for another line on standard error that has `text` in it. */
  async does(signal: NodeJS.Signals, text: string): Promise<void> {
    const before = this.#count(text);
    this.child.kill(signal);
    await this.says(text, before + 1);
  }

  /** Waits until `times` lines on standard error have `text` in them. */
  async says(text: string, times = 1): Promise<void> {
    await eventually(() => {
      if (this.#count(text) < times) throw new Error(`no line says "${text}":\n${this.stderr}`);
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // A supervisor takes its workers along only when it is asked; one process alone has no SIGQUIT.
    this.child.kill('SIGQUIT');
    try {
      await soon(this.exited, 'the exit of the origin');
    } finally {
      this.child.kill('SIGKILL');
      await rm(this.#folder, { recursive: true, force: true });
    }
  }

  #count(text: string): number {
    return this.stderr.split('\n').filter((line) => line.includes(text)).length;
  }
}
