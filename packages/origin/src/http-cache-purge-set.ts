// Owns what is still to be purged somewhere: each thing once, and never more than a bounded number.

/** One request to forget something, as the edge's admin API has it. */
export type PurgeOrder =
  | { readonly tags: readonly string[] }
  | { readonly url: string }
  | { readonly prefix: string }
  | { readonly all: true };

/** Purges that wait, in no order: whichever comes first, all is forgotten in the end. */
export interface PurgeSet {
  /** Tags, URLs and prefixes; everything at once counts as one. */
  readonly size: number;
  /** True when it came to `maxSize`, and everything is to be forgotten instead. */
  readonly hasOverflowed: boolean;
  add(order: PurgeOrder): void;
  /** What to ask for next; it stays here until it is `done`. */
  next(): PurgeOrder | undefined;
  done(order: PurgeOrder): void;
}

/** The most tags the admin API takes at once. */
const maxTagsAtOnce = 100;

/** An empty set that holds up to `maxSize` tags, URLs and prefixes. */
export function createPurgeSet(maxSize: number): PurgeSet {
  const tags = new Set<string>();
  const urls = new Set<string>();
  const prefixes = new Set<string>();
  let isAll = false;
  let hasOverflowed = false;

  const size = () => (isAll ? 1 : tags.size + urls.size + prefixes.size);
  const takeAll = () => {
    isAll = true;
    for (const set of [tags, urls, prefixes]) set.clear();
  };

  return {
    get size() {
      return size();
    },
    get hasOverflowed() {
      return hasOverflowed;
    },
    add(order) {
      if (isAll) return;
      if ('all' in order) {
        takeAll();
        return;
      }
      if ('tags' in order) for (const tag of order.tags) tags.add(tag);
      else if ('url' in order) urls.add(order.url);
      else prefixes.add(order.prefix);
      if (size() <= maxSize) return;
      hasOverflowed = true;
      takeAll();
    },
    next() {
      if (isAll) return { all: true };
      if (tags.size > 0) return { tags: firstOf(tags, maxTagsAtOnce) };
      for (const url of urls) return { url };
      for (const prefix of prefixes) return { prefix };
      return undefined;
    },
    done(order) {
      if ('all' in order) isAll = false;
      else if ('tags' in order) for (const tag of order.tags) tags.delete(tag);
      else if ('url' in order) urls.delete(order.url);
      else prefixes.delete(order.prefix);
    },
  };
}

function firstOf<T>(set: ReadonlySet<T>, count: number): T[] {
  const first: T[] = [];
  for (const item of set) {
    if (first.length === count) break;
    first.push(item);
  }
  return first;
}
