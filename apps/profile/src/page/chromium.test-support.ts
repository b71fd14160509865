/// <reference lib="dom" />
/** A real browser, where there is one, over the protocol that inspectors speak too. */
import { spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { pathToFileURL } from 'node:url';
import { InspectorClient } from '../inspector-client.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];
const ANSWER_MS = 30_000;

/** Undefined when none is on the PATH. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find((path) => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface Screen {
  readonly width: number;
  readonly height: number;
  readonly theme: 'light' | 'dark';
}

/** One tab of a browser of its own. */
export class Tab implements AsyncDisposable {
  readonly #client: InspectorClient;
  readonly #end: () => Promise<void>;
  readonly #folder: string;

  static async launch(executable: string): Promise<Tab> {
    const folder = await mkdtemp(join(tmpdir(), 'headgate-chromium-'));
    const args = ['--headless=new', '--no-sandbox', '--remote-debugging-port=0'];
    const child = spawn(executable, [...args, `--user-data-dir=${folder}`, 'about:blank'], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const exited = new Promise((resolve) => child.once('close', resolve));
    const end = async () => {
      child.kill();
      await exited;
      await rm(folder, { recursive: true, force: true, maxRetries: 5 });
    };
    const origin = await new Promise<string>((resolve, reject) => {
      createInterface(child.stderr).on('line', (line) => {
        const host = /^DevTools listening on ws:\/\/([^/]+)\//.exec(line)?.[1];
        if (host) resolve(`http://${host}`);
      });
      child.once('error', reject);
      child.once('close', () => reject(new Error('chromium has ended')));
    });
    const response = await fetch(`${origin}/json/list`, { headers: { connection: 'close' } });
    const targets = (await response.json()) as { type: string; webSocketDebuggerUrl: string }[];
    const url = targets.find(({ type }) => type === 'page')?.webSocketDebuggerUrl;
    if (url === undefined) throw new Error('chromium has no tab');
    return new Tab(await InspectorClient.connect(url, ANSWER_MS), folder, end);
  }

  constructor(client: InspectorClient, folder: string, end: () => Promise<void>) {
    this.#client = client;
    this.#folder = folder;
    this.#end = end;
  }

  /** Opens a page from a file, without a network; what it complains about is kept. */
  async open(html: string, { width, height, theme }: Screen): Promise<void> {
    const file = join(this.#folder, 'page.html');
    await writeFile(file, html);
    const isPhone = width < 600;
    await this.#call('Network.enable', {});
    await this.#call('Network.emulateNetworkConditions', {
      offline: true,
      latency: 0,
      downloadThroughput: -1,
      uploadThroughput: -1,
    });
    await this.#call('Emulation.setDeviceMetricsOverride', {
      width,
      height,
      deviceScaleFactor: 1,
      mobile: isPhone,
    });
    await this.#call('Emulation.setEmulatedMedia', {
      features: [{ name: 'prefers-color-scheme', value: theme }],
    });
    await this.#call('Page.enable', {});
    await this.#call('Page.addScriptToEvaluateOnNewDocument', {
      source: `window.complaints = [];
        addEventListener('error', (event) => complaints.push(event.message));
        addEventListener('securitypolicyviolation', (event) => complaints.push(event.violatedDirective));`,
    });
    await this.#call('Page.navigate', { url: pathToFileURL(file).href });
    while (!(await this.run(() => document.querySelector('#top tr') !== null))) {
      const complaints = await this.complaints();
      if (complaints.length > 0) throw new Error(complaints.join('\n'));
      await sleep(20);
    }
  }

  /** Runs a function in the page; it may use nothing but its arguments and globals. */
  run<Args extends readonly unknown[], Result>(
    program: (...args: Args) => Result,
    ...args: Args
  ): Promise<Result> {
    return this.#client.run(program, args, ANSWER_MS);
  }

  complaints(): Promise<string[]> {
    return this.run(() => (window as unknown as { complaints?: string[] }).complaints ?? []);
  }

  /** Presses and releases a key, as `KeyboardEvent.key` names it, where the focus is. */
  async press(key: string): Promise<void> {
    await this.#call('Input.dispatchKeyEvent', { type: 'keyDown', key });
    await this.#call('Input.dispatchKeyEvent', { type: 'keyUp', key });
  }

  async screenshot(file: string): Promise<void> {
    const { data } = await this.#client.call<{ data: string }>(
      'Page.captureScreenshot',
      { format: 'png' },
      ANSWER_MS,
    );
    await writeFile(file, Buffer.from(data, 'base64'));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    await this.#end();
  }

  async #call(method: string, params: object): Promise<void> {
    await this.#client.call(method, params, ANSWER_MS);
  }
}
