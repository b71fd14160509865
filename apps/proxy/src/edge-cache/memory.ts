/**
 * The answers this worker has in memory, least recently used first to go, bounded by bytes. A URL
 * whose answers vary has a signpost under its own key that names the fields they vary by.
 */
import { createPurgeIndex, type Purge, type PurgeIndex } from '@headgate/cache';
import type { Fields } from '@headgate/http1';
import { LRUCache } from 'lru-cache';
import { type StoredAnswer, TEXT_BODY_BYTES } from './entry.ts';
import { variantKeyOf } from './key.ts';
import type { KeyRules } from './policy.ts';

interface Signpost {
  readonly kind: 'vary';
  /** Lower-case and sorted. */
  readonly names: readonly string[];
}

/** Where the answer to a request is, or would be. */
export interface Slot {
  /** Of the URL. */
  readonly primary: string;
  /** Of the URL and what the route tells apart. */
  readonly base: string;
  /** Of the variant, as far as is known what answers vary by. */
  readonly key: string;
}

/** Takes it up besides its own bytes, roughly. */
const ENTRY_BYTES = 600;
/** More names than any origin needs. */
const MAX_VARY_NAMES = 24;

export class CacheMemory {
  readonly purges: PurgeIndex = createPurgeIndex();
  readonly maxSizeBytes: number;
  readonly #kept: LRUCache<string, StoredAnswer | Signpost>;

  constructor(maxSizeBytes: number) {
    this.maxSizeBytes = maxSizeBytes;
    this.#kept = new LRUCache({
      maxSize: maxSizeBytes,
      sizeCalculation: (kept, key) =>
        key.length + ENTRY_BYTES + (kept.kind === 'answer' ? sizeOf(kept) : 0),
    });
  }

  get entries(): number {
    return this.#kept.size;
  }

  get sizeBytes(): number {
    return this.#kept.calculatedSize;
  }

  slotOf(primary: string, rules: KeyRules, fields: Fields): Slot {
    const base =
      rules.headers.length === 0 ? primary : `${primary}\n${variantKeyOf(rules.headers, fields)}`;
    const found = this.#kept.get(base);
    const key = found?.kind === 'vary' ? variantOf(base, found.names, fields) : base;
    return { primary, base, key };
  }

  /** The answer there, unless it has been purged. */
  find(key: string): StoredAnswer | undefined {
    const found = this.#kept.get(key);
    if (found?.kind !== 'answer') return undefined;
    const { mark } = this.purges;
    if (found.mark === mark) return found;
    if (this.isPurged(found)) {
      this.#kept.delete(key);
      return undefined;
    }
    found.mark = mark;
    return found;
  }

  /**
   * Where the answer to a request with these fields goes, when it varies by `names`. What a URL has
   * varied by once tells its answers apart from then on.
   */
  place(slot: Slot, names: readonly string[], fields: Fields): string {
    const there = this.#kept.get(slot.base);
    const known = there?.kind === 'vary' ? there.names : [];
    const both = [...new Set([...known, ...names])].sort();
    const all = both.length > MAX_VARY_NAMES ? names : both;
    if (all.length === 0) return slot.base;
    if (all.join() !== known.join()) {
      this.#kept.set(slot.base, { kind: 'vary', names: all });
    }
    return variantOf(slot.base, all, fields);
  }

  /** What answers under `base` vary by, when that is known. */
  varyOf(base: string): readonly string[] | undefined {
    const found = this.#kept.get(base);
    return found?.kind === 'vary' ? found.names : undefined;
  }

  /** False when it was purged meanwhile, or is larger than the memory. */
  keep(key: string, answer: StoredAnswer): boolean {
    if (this.isPurged(answer)) return false;
    this.#kept.set(key, answer);
    return this.#kept.peek(key) === answer;
  }

  /** Since it was last known not to be. */
  isPurged({ primary, terms, mark }: StoredAnswer): boolean {
    return this.purges.isPurged(primary, terms.tags, mark);
  }

  drop(key: string): void {
    this.#kept.delete(key);
  }

  purge(purge: Purge): void {
    this.purges.take(purge);
    if (purge.kind === 'all') this.#kept.clear();
  }
}

/** With the texts made of it for its hits. */
function sizeOf({ bytes, lines, terms }: StoredAnswer): number {
  const text = bytes.length <= TEXT_BODY_BYTES ? bytes.length : 0;
  return bytes.length + text + lines.length + terms.lines.length;
}

function variantOf(base: string, names: readonly string[], fields: Fields): string {
  return `${base}\n\n${variantKeyOf(names, fields)}`;
}
