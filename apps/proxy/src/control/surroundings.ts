/**
 * What a configuration means beside the data path: where the admin listener is and what lets
 * changes in, which names are kept resolved, whether the file itself is watched.
 */
import type { AdminDeps } from '../admin/listener.ts';
import { readAdminToken } from '../admin/token.ts';
import type { ProxyConfig } from '../config.ts';
import { Discovery, type DiscoveryDeps, type Following } from '../discovery/discovery.ts';
import type { Found } from '../discovery/expand.ts';
import { watchFile } from '../discovery/watch-file.ts';
import { AdminSlot } from './admin-slot.ts';
import type { Followed } from './control.ts';

export interface SurroundingsDeps {
  readonly file: string;
  readonly discovery: DiscoveryDeps;
  /** Asked for when the admin listener opens. */
  readonly admin: () => Omit<AdminDeps, 'token'>;
  /** Watch the file whatever it says itself. */
  readonly isWatching: boolean;
  readonly onFileChange: () => void;
}

/** Lives as long as the control plane. */
export class Surroundings {
  readonly #deps: SurroundingsDeps;
  readonly #discovery: Discovery;
  readonly #admin: AdminSlot;
  #following: Following | undefined;
  #token: string | undefined;
  #watching: AbortController | undefined;

  constructor(deps: SurroundingsDeps) {
    this.#deps = deps;
    this.#discovery = new Discovery(deps.discovery);
    this.#admin = new AdminSlot(() => ({ ...deps.admin(), token: () => this.#token }));
  }

  get adminAddress(): string | undefined {
    return this.#admin.address;
  }

  /** Resolves with what was found, when every name was asked for once. */
  discover(config: ProxyConfig): Promise<Found> {
    this.#following = this.#discovery.follow(config);
    return this.#following.ready;
  }

  /** Rejects with a readable message when the admin listener or its token cannot be had. */
  async open(config: ProxyConfig): Promise<void> {
    this.#token = await readAdminToken(config.admin, this.#deps.file);
    await this.#admin.open(config);
    this.#watch(config);
  }

  /** As `open`, for who takes over from a process that still has the admin address. */
  async takeOver(config: ProxyConfig): Promise<void> {
    this.#token = await readAdminToken(config.admin, this.#deps.file);
    await this.#admin.openInTime(config);
    this.#watch(config);
  }

  /** Lets a successor have the admin listener. */
  standBack(): Promise<void> {
    this.#watching?.abort();
    return this.#admin.close();
  }

  /** Gets ready for `after`; rejects, with nothing changed, when that cannot be done. */
  async follow(before: ProxyConfig, after: ProxyConfig): Promise<Followed> {
    const token = await readAdminToken(after.admin, this.#deps.file);
    const admin = await this.#admin.follow(before, after);
    const following = this.#discovery.follow(after);
    const found = await following.ready;
    return {
      found,
      keep: async () => {
        this.#token = token;
        this.#following?.stop();
        this.#following = following;
        this.#watch(after);
        await admin.keep();
      },
      putBack: async () => {
        following.stop();
        await admin.putBack();
      },
    };
  }

  async close(): Promise<void> {
    this.#watching?.abort();
    this.#discovery.stop();
    await this.#admin.close();
  }

  #watch({ watch }: ProxyConfig): void {
    const { isWatching, file, onFileChange } = this.#deps;
    const isWanted = watch || isWatching;
    if (isWanted === (this.#watching?.signal.aborted === false)) return;
    this.#watching?.abort();
    if (!isWanted) return;
    this.#watching = new AbortController();
    watchFile(file, onFileChange, this.#watching.signal);
  }
}
