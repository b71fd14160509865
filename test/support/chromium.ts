/** A real browser, where there is one, driven over its own protocol through a pipe. */
import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import type { Readable, Writable } from 'node:stream';
import { eventually, soon } from './eventually.ts';

const NAMES = ['chromium', 'chromium-browser', 'google-chrome'];

const FLAGS = [
  '--headless',
  '--no-sandbox',
  '--disable-gpu',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-dev-shm-usage',
  '--remote-debugging-pipe',
];

/** A browser starts slowly beside many others. */
const START_DEADLINE_MS = 60_000;

/** Undefined when there is none on the PATH. */
export function findChromium(): string | undefined {
  const folders = (process.env.PATH ?? '').split(delimiter);
  return NAMES.flatMap((name) => folders.map((folder) => join(folder, name))).find(isExecutable);
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

type Params = Readonly<Record<string, unknown>>;

interface Message {
  readonly id?: number;
  readonly sessionId?: string;
  readonly method?: string;
  readonly params?: Params;
  readonly result?: Params;
  readonly error?: { readonly message: string };
}

/** One browser process; its pages are closed with it. */
export class Chromium implements AsyncDisposable {
  readonly #child: ChildProcess;
  readonly #folder: string;
  readonly #commands: Writable;
  readonly #waiting = new Map<number, PromiseWithResolvers<Params>>();
  readonly #pages = new Map<string, BrowserPage>();
  readonly #exited: Promise<unknown>;
  #lastId = 0;
  #unread = '';

  static async launch(executable: string): Promise<Chromium> {
    const folder = await mkdtemp(join(tmpdir(), 'headgate-chromium-'));
    const child = spawn(executable, [...FLAGS, `--user-data-dir=${folder}`], {
      stdio: ['ignore', 'ignore', 'ignore', 'pipe', 'pipe'],
    });
    return new Chromium(child, folder);
  }

  private constructor(child: ChildProcess, folder: string) {
    this.#child = child;
    this.#folder = folder;
    this.#commands = child.stdio[3] as Writable;
    this.#exited = new Promise((resolve) => child.once('exit', resolve));
    const answers = child.stdio[4] as Readable;
    answers.setEncoding('utf8').on('data', (text: string) => this.#read(text));
  }

  /** A page of the given width in CSS pixels, which has gone to `url`. */
  async open(url: string, widthPx = 1280): Promise<BrowserPage> {
    const target = await this.send('Target.createTarget', { url: 'about:blank' });
    const attach = { targetId: target.targetId, flatten: true };
    const { sessionId } = await this.send('Target.attachToTarget', attach);
    const page = new BrowserPage(this, String(sessionId));
    this.#pages.set(String(sessionId), page);
    for (const domain of ['Page', 'Runtime', 'Network', 'Log']) await page.send(`${domain}.enable`);
    const size = { width: widthPx, height: 1000, deviceScaleFactor: 1, mobile: false };
    await page.send('Emulation.setDeviceMetricsOverride', size);
    await page.send('Page.navigate', { url });
    return page;
  }

  send(method: string, params: Params = {}, sessionId?: string): Promise<Params> {
    const id = ++this.#lastId;
    const answer = Promise.withResolvers<Params>();
    this.#waiting.set(id, answer);
    this.#commands.write(`${JSON.stringify({ id, method, params, sessionId })}\0`);
    return soon(answer.promise, method, START_DEADLINE_MS);
  }

  #read(text: string): void {
    const messages = (this.#unread + text).split('\0');
    this.#unread = messages.pop() ?? '';
    for (const message of messages) this.#take(JSON.parse(message) as Message);
  }

  #take({ id, sessionId = '', method, params = {}, result = {}, error }: Message): void {
    if (id === undefined) {
      this.#pages.get(sessionId)?.note(method ?? '', params);
      return;
    }
    const waiting = this.#waiting.get(id);
    this.#waiting.delete(id);
    if (error === undefined) waiting?.resolve(result);
    else waiting?.reject(new Error(error.message));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.kill('SIGTERM');
    try {
      await soon(this.#exited, 'the exit of the browser');
    } finally {
      this.#child.kill('SIGKILL');
      await rm(this.#folder, { recursive: true, force: true, maxRetries: 5 });
    }
  }
}

/** One page, and what happens on it. */
export class BrowserPage {
  /** Addresses it has asked for. */
  readonly requests: string[] = [];
  /** Errors and warnings of the page and of the browser about it. */
  readonly complaints: string[] = [];
  readonly #browser: Chromium;
  readonly #sessionId: string;

  constructor(browser: Chromium, sessionId: string) {
    this.#browser = browser;
    this.#sessionId = sessionId;
  }

  send(method: string, params: Params = {}): Promise<Params> {
    return this.#browser.send(method, params, this.#sessionId);
  }

  /** The value of an expression in the page; rejects with what it throws. */
  async evaluate(expression: string): Promise<unknown> {
    const options = { expression, returnByValue: true, awaitPromise: true };
    const { result, exceptionDetails } = await this.send('Runtime.evaluate', options);
    if (exceptionDetails !== undefined) throw new Error(JSON.stringify(exceptionDetails));
    return (result as { value?: unknown }).value;
  }

  /** Waits until an expression is true in the page. */
  async becomes(expression: string): Promise<void> {
    await eventually(async () => {
      if ((await this.evaluate(expression)) !== true) {
        const text = await this.evaluate('document.body?.innerText');
        throw new Error(`${expression} is not true of:\n${text}\n${this.complaints.join('\n')}`);
      }
    }, START_DEADLINE_MS);
  }

  note(method: string, params: Params): void {
    if (method === 'Network.requestWillBeSent') {
      this.requests.push((params.request as { url: string }).url);
    } else if (method === 'Runtime.exceptionThrown') {
      this.complaints.push(JSON.stringify(params.exceptionDetails));
    } else if (method === 'Log.entryAdded') {
      const { level, text, url } = params.entry as { level: string; text: string; url?: string };
      if (level !== 'verbose' && level !== 'info') this.complaints.push(`${text} ${url ?? ''}`);
    } else if (method === 'Runtime.consoleAPICalled') {
      if (params.type === 'error' || params.type === 'warning') {
        this.complaints.push(JSON.stringify(params.args));
      }
    }
  }
}
