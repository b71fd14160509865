/** A file that lists upstreams: read when it changes; a bad one changes nothing. */
import { formatProblems, loadConfig } from '@headgate/config';
import { z } from 'zod';
import { listedUpstream } from '../config-upstream.ts';
import type { DiscoveredSet } from './expand.ts';
import { watchFile } from './watch-file.ts';

export interface UpstreamListOptions {
  /** A .json, .yaml or .yml file. */
  readonly file: string;
  /** What `${NAME}` in it refers to. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** After it was read: with its upstreams, or with why they are not used, a line for each problem. */
  readonly onRead: (result: ListResult) => void;
}

export type ListResult =
  | { readonly ok: true; readonly upstreams: DiscoveredSet }
  | { readonly ok: false; readonly reason: string };

const schema = z.array(listedUpstream);

/** Reads from its beginning until `stop`, once at least. */
export class UpstreamList {
  readonly #options: UpstreamListOptions;
  readonly #life = new AbortController();
  #reading = Promise.resolve();

  constructor(options: UpstreamListOptions) {
    this.#options = options;
    watchFile(options.file, () => this.#readAfter(), this.#life.signal);
    this.#readAfter();
  }

  stop(): void {
    this.#life.abort();
  }

  /** One after the other, or an older text could overtake a newer one. */
  #readAfter(): void {
    this.#reading = this.#reading.then(() => this.#read());
  }

  async #read(): Promise<void> {
    const { file, env, onRead } = this.#options;
    const loaded = await loadConfig({ schema, file, env });
    if (this.#life.signal.aborted) return;
    if (loaded.ok) onRead({ ok: true, upstreams: loaded.config });
    else onRead({ ok: false, reason: formatProblems(loaded.problems) });
  }
}
