/** Replaces workers one after the other, each only when its successor is ready. */
import type { DrainReason } from './messages.ts';

/** How a rolling replacement ended. */
export type ReplaceResult =
  | { readonly ok: true; readonly replaced: number }
  | { readonly ok: false; readonly why: string };

/** What is replaced; `W` is a worker. */
export interface Replaceable<W> {
  readonly members: readonly W[];
  /** All workers are leaving, and none has a successor. */
  readonly isStopping: boolean;
  /** Resolves when `worker` has gone; rejects when its successor cannot boot. */
  replace(worker: W, reason: DrainReason): Promise<void>;
}

/** Never replaces two workers at a time; lives as long as the supervisor. */
export class Rolling<W> {
  readonly #crew: Replaceable<W>;
  readonly #onRolled: (result: ReplaceResult) => void;
  #last: Promise<unknown> = Promise.resolve();
  #underWay = 0;
  /** A replacement of all that has not begun. */
  #next: Promise<ReplaceResult> | undefined;

  /** `onRolled` is told how each replacement of all workers ended. */
  constructor(crew: Replaceable<W>, onRolled: (result: ReplaceResult) => void) {
    this.#crew = crew;
    this.#onRolled = onRolled;
  }

  get isBusy(): boolean {
    return this.#underWay > 0;
  }

  /**
   * Replaces all workers there are when it begins. The first successor that cannot boot ends it,
   * and the workers that are left stay. While one is under way, calls are joined to one more: what
   * they want to see may have come too late for the first.
   */
  replaceAll(): Promise<ReplaceResult> {
    this.#next ??= this.#inTurn(async () => {
      this.#next = undefined;
      const result = await this.#roll();
      this.#onRolled(result);
      return result;
    });
    return this.#next;
  }

  /** As `replace` of the crew, when it is its turn. */
  replaceOne(worker: W, reason: DrainReason): Promise<void> {
    return this.#inTurn(() => this.#crew.replace(worker, reason));
  }

  async #roll(): Promise<ReplaceResult> {
    const old = this.#crew.members;
    let replaced = 0;
    for (const worker of old) {
      // One that has died meanwhile has been replaced by a new one already.
      if (!this.#crew.members.includes(worker)) continue;
      try {
        await this.#crew.replace(worker, 'replace');
      } catch (error) {
        const { message } = error as Error;
        const why =
          replaced === 0
            ? message
            : `${message}; ${replaced} of ${old.length} were replaced before`;
        return { ok: false, why };
      }
      replaced += 1;
    }
    if (this.#crew.isStopping) return { ok: false, why: 'the supervisor is stopping' };
    return { ok: true, replaced };
  }

  async #inTurn<T>(act: () => Promise<T>): Promise<T> {
    this.#underWay += 1;
    const turn = this.#last.then(act);
    this.#last = turn.catch(() => {});
    try {
      return await turn;
    } finally {
      this.#underWay -= 1;
    }
  }
}
