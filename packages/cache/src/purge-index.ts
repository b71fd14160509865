// Which of the things a cache keeps have been purged since they were made. Nothing is searched when
// a purge comes: each entry is checked when it is next read.

/** What is to be forgotten: one key, all that carries a tag, all keys that begin so, or everything. */
export type Purge =
  | { readonly kind: 'key'; readonly key: string }
  | { readonly kind: 'tag'; readonly tag: string }
  | { readonly kind: 'prefix'; readonly prefix: string }
  | { readonly kind: 'all' };

/**
 * Remembers purges in the order they came, so that an entry can be checked when it is read: a purge
 * costs the same however many entries it is for, and a check costs one comparison of integers while
 * nothing has been purged since the mark.
 *
 * What it remembers is bounded. When it forgets its oldest purges, everything marked before them
 * counts as purged: it errs on the side of loading again, never of serving what was purged.
 */
export interface PurgeIndex {
  /** Grows with every purge taken. What an entry notes when the work that makes it begins. */
  readonly mark: number;
  take(purge: Purge): void;
  /** Was something under this key, with these tags, made by work that began at `mark`, purged since? */
  isPurged(key: string, tags: readonly string[], mark: number): boolean;
}

/** Settings of {@link createPurgeIndex}. */
export interface PurgeIndexOptions {
  /**
   * How many purges by key, and how many by tag, are remembered; default 100,000. Long keys count
   * for several: each kind remembers at most 100 characters for each purge it may. Purges by
   * prefix are compared one by one, so no more than 1,000 of them are remembered.
   */
  readonly maxPurges?: number;
}

const MAX_PREFIXES = 1_000;
const CHARACTERS_PER_PURGE = 100;

/** Makes an index that has seen no purge. */
export function createPurgeIndex({ maxPurges = 100_000 }: PurgeIndexOptions = {}): PurgeIndex {
  let mark = 0;
  // What began before this mark may have been hit by a purge that is no longer remembered.
  let firstKnownMark = 0;
  const keys = createNames(maxPurges);
  const tags = createNames(maxPurges);
  const prefixes = createNames(Math.min(maxPurges, MAX_PREFIXES));

  function remember(names: Names, name: string) {
    firstKnownMark = Math.max(firstKnownMark, names.add(name, mark));
  }

  return {
    get mark() {
      return mark;
    },

    take(purge) {
      mark += 1;
      if (purge.kind === 'key') remember(keys, purge.key);
      else if (purge.kind === 'tag') remember(tags, purge.tag);
      else if (purge.kind === 'prefix') remember(prefixes, purge.prefix);
      else {
        firstKnownMark = mark;
        for (const names of [keys, tags, prefixes]) names.clear();
      }
    },

    isPurged(key, ownTags, since) {
      if (since >= mark) return false;
      if (since < firstKnownMark) return true;
      if (keys.lastMark(key) > since) return true;
      for (const tag of ownTags) if (tags.lastMark(tag) > since) return true;
      if (prefixes.newestMark <= since) return false;
      for (const [prefix, purgedAt] of prefixes.entries()) {
        if (purgedAt > since && key.startsWith(prefix)) return true;
      }
      return false;
    },
  };
}

/** Names with the mark of their last purge, the longest unpurged first, bounded in number and text. */
interface Names {
  /** Of the last purge added; 0 for none. */
  readonly newestMark: number;
  /** @returns the newest mark that had to be forgotten for it; 0 for none */
  add(name: string, mark: number): number;
  /** 0 when it is not remembered. */
  lastMark(name: string): number;
  entries(): Iterable<readonly [string, number]>;
  clear(): void;
}

function createNames(maxNames: number): Names {
  const maxCharacters = maxNames * CHARACTERS_PER_PURGE;
  const marks = new Map<string, number>();
  let characters = 0;
  let newestMark = 0;

  function forget(name: string) {
    if (marks.delete(name)) characters -= name.length;
  }

  return {
    get newestMark() {
      return newestMark;
    },

    add(name, mark) {
      // Taken out first: a Map keeps a name's first place however often it is set.
      forget(name);
      marks.set(name, mark);
      characters += name.length;
      newestMark = mark;
      let forgottenMark = 0;
      for (const [oldest, oldMark] of marks) {
        if (marks.size <= maxNames && characters <= maxCharacters) break;
        forget(oldest);
        forgottenMark = oldMark;
      }
      return forgottenMark;
    },

    lastMark: (name) => marks.get(name) ?? 0,

    entries: () => marks,

    clear() {
      marks.clear();
      characters = 0;
      newestMark = 0;
    },
  };
}
