// What one process knows of the log of purges, and what follows from it. Decides only; reading and
// writing the log is for purge-log.ts.

import { createPurgeIndex, type Purge, type PurgeIndex } from './purge-index.ts';
import type { LogEntry, Stamp } from './purge-log-entry.ts';

/** A purge this process has made, from the call until it has been read back from the log. */
export interface OwnPurge {
  readonly purge: Purge;
  /** Counts this process's purges, from 1. */
  readonly number: number;
  /** Its name in the log. */
  readonly by: string;
}

/** See {@link createPurgeLogView}. */
export interface PurgeLogView {
  /** The last entry known to exist, read or only written; undefined before the first log is met. */
  readonly known: (Stamp & { readonly by: string }) | undefined;
  /** Up to where all entries have been read. */
  readonly readTo: number;
  /** How many purges this process has made. */
  readonly ownCount: number;

  /** See `Store.mark`. */
  mark(): number;
  /** How many of its own purges this process had made when it took `mark`. */
  ownCountAt(mark: number): number;
  /**
   * The last place of the log that is certain to lie before the work that began at `mark`; undefined
   * when nothing is certain any more: what it made must not be kept.
   */
  stampAt(mark: number): Stamp | undefined;
  /**
   * Was something, made by work that began at `stamp`, purged since?
   * @param ownCount how many of its own purges the process had made when it asked for it
   */
  isPurged(key: string, tags: readonly string[], stamp: Stamp, ownCount: number): boolean;

  /** A purge made here: counts at once, for whatever is asked for from now on. */
  begin(purge: Purge): OwnPurge;
  /** The purge is in the log, at `stamp`. @returns false when that cannot be in the log we know */
  written(own: OwnPurge, stamp: Stamp): boolean;
  /** The purge will be represented by another one. */
  drop(own: OwnPurge): void;

  /** The log that there is, and its end. @returns the position after which to read it */
  meet(head: Stamp): number;
  /** The next entry. Those of other processes are told. */
  take(entry: LogEntry): void;
  /** All has been read up to `position`: tells `all` when something may have been missed before. */
  caughtUp(position: number): void;
}

/** What `mark` stood for. */
interface Step extends Stamp {
  readonly ownCount: number;
}

const MAX_STEPS = 10_000;
const MAX_OWN_POSITIONS = 1_000;
/** Own purges on their way that are compared one by one; beyond it, everything counts as purged. */
const MAX_COMPARED = 1_000;

/**
 * Makes the view of a process that knows no log yet.
 * @param name of this process, different from all others'
 * @param tell hears of the purges of others
 */
export function createPurgeLogView(name: string, tell: (purge: Purge) => void): PurgeLogView {
  let known: (Stamp & { readonly by: string }) | undefined;
  let index: PurgeIndex = createPurgeIndex();
  /** The position that the index's mark 0 stands for: earlier purges are not known. */
  let origin = 0;
  let readTo = 0;
  let ownCount = 0;
  const own = new Map<number, OwnPurge & { stamp?: Stamp }>();
  /** Of own purges, by position, the number: these are certain to lie before later work of ours. */
  const ownPositions = new Map<number, number>();
  // What was told was told of a log without a gap; once there is one, only `all` tells enough. What
  // nobody has begun before the first log was met cannot have been purged either.
  let owesAll = true;
  let hasWork = false;
  const steps: Step[] = [];
  let firstMark = 1;

  function startAfter(position: number) {
    index = createPurgeIndex();
    origin = position;
    readTo = position;
    owesAll = true;
  }

  /** Own purges whose place has been read, or was in a log that is gone. */
  function sweep() {
    for (const [number, { stamp }] of own) {
      if (stamp === undefined) continue;
      if (stamp.epoch !== known?.epoch || stamp.position <= readTo) own.delete(number);
    }
  }

  return {
    get known() {
      return known;
    },
    get readTo() {
      return readTo;
    },
    get ownCount() {
      return ownCount;
    },

    mark() {
      hasWork = true;
      const last = steps.at(-1);
      const { epoch, position } = known ?? { epoch: '', position: 0 };
      if (
        last === undefined ||
        last.position !== position ||
        last.ownCount !== ownCount ||
        last.epoch !== epoch
      ) {
        steps.push({ epoch, position, ownCount });
        if (steps.length > 2 * MAX_STEPS) firstMark += steps.splice(0, MAX_STEPS).length;
      }
      return firstMark + steps.length - 1;
    },

    ownCountAt: (mark) => steps[mark - firstMark]?.ownCount ?? 0,

    stampAt(mark) {
      const step = steps[mark - firstMark];
      if (step === undefined || known === undefined || step.epoch !== known.epoch) return undefined;
      let { position } = step;
      while ((ownPositions.get(position + 1) ?? Number.POSITIVE_INFINITY) <= step.ownCount) {
        position += 1;
      }
      return { epoch: step.epoch, position };
    },

    isPurged(key, tags, { epoch, position }, ownCountThen) {
      if (epoch !== known?.epoch) return true;
      if (index.isPurged(key, tags, position - origin)) return true;
      if (own.size === 0) return false;
      if (own.size > MAX_COMPARED) return true;
      return [...own.values()].some(({ number, purge, stamp }) => {
        const isLater = number <= ownCountThen && !(stamp && stamp.position <= position);
        return isLater && isFor(purge, key, tags);
      });
    },

    begin(purge) {
      ownCount += 1;
      const begun = { purge, number: ownCount, by: `${name}:${ownCount}` };
      own.set(begun.number, begun);
      return begun;
    },

    written({ number, by }, stamp) {
      const found = own.get(number);
      if (found !== undefined) found.stamp = stamp;
      if (stamp.epoch !== known?.epoch) return false;
      ownPositions.set(stamp.position, number);
      for (const oldest of ownPositions.keys()) {
        if (ownPositions.size <= MAX_OWN_POSITIONS) break;
        ownPositions.delete(oldest);
      }
      if (stamp.position > known.position) known = { ...stamp, by };
      // Already read up to there, but not this: the entry is in another history.
      return found === undefined || stamp.position > readTo;
    },

    drop: ({ number }) => void own.delete(number),

    meet(head) {
      if (head.epoch !== known?.epoch) {
        known = { ...head, position: 0, by: '' };
        ownPositions.clear();
        startAfter(0);
      }
      return readTo;
    },

    take({ position, by, purge }) {
      if (known === undefined) throw new Error('an entry was read before the log was met');
      if (position <= readTo) return;
      if (position !== readTo + 1) startAfter(position - 1);
      index.take(purge);
      readTo = position;
      if (position >= known.position) known = { epoch: known.epoch, position, by };
      const [author, number] = by.split(':');
      if (author === name) own.delete(Number(number));
      else if (!owesAll) tell(purge);
    },

    caughtUp(position) {
      if (readTo < position) startAfter(position);
      if (known !== undefined && known.position < position) known = { ...known, position, by: '' };
      sweep();
      if (owesAll && hasWork) tell({ kind: 'all' });
      owesAll = false;
      hasWork = true;
    },
  };
}

function isFor(purge: Purge, key: string, tags: readonly string[]): boolean {
  if (purge.kind === 'key') return purge.key === key;
  if (purge.kind === 'tag') return tags.includes(purge.tag);
  return purge.kind === 'all' || key.startsWith(purge.prefix);
}
