/**
 * Keeps true what the entries of configs stand for: asks for names when their records run out,
 * reads files when they change, and says when anything is different. A failure of DNS, or a file
 * that is no good, never takes an upstream away.
 */
import type { ProxyConfig, UpstreamEntry } from '../config.ts';
import { type DiscoveredSet, entryKey, type Found } from './expand.ts';
import { KeptFindings, type KeptFindingsDeps } from './kept-findings.ts';
import { needsOf, setOf } from './sets.ts';
import { type DiscoveryEvent, Troubles } from './troubles.ts';

export interface DiscoveryDeps extends KeptFindingsDeps {
  /** Something else is found than the first `ready`, or the call before, came with. */
  readonly onChange: (found: Found) => void;
  readonly onEvent: (event: DiscoveryEvent) => void;
}

/** A config whose entries are kept true. */
export interface Following {
  /** Resolves when all its entries have been asked for, with everything found; never rejects. */
  readonly ready: Promise<Found>;
  /** Its entries are not needed any more, except by other configs. */
  stop(): void;
}

interface Followed {
  readonly entries: readonly UpstreamEntry[];
  readonly beReady: (found: Found) => void;
}

/** Answers come in swarms; what they change is told once, after so many milliseconds. */
const GATHER_MS = 50;

/** Runs until `stop`; asks for nothing until it follows a config. */
export class Discovery {
  readonly #deps: DiscoveryDeps;
  readonly #followed = new Set<Followed>();
  readonly #troubles: Troubles;
  readonly #findings: KeptFindings;
  #found: Found = new Map();
  /** What was told last, as text; undefined before anything was. */
  #told: string | undefined;
  #cancelTelling: (() => void) | undefined;

  constructor(deps: DiscoveryDeps) {
    this.#deps = deps;
    this.#troubles = new Troubles(deps.onEvent);
    this.#findings = new KeptFindings(deps, this.#troubles, () => this.#update());
  }

  /** Everything known of the configs that are followed. */
  get found(): Found {
    return this.#found;
  }

  /**
   * Keeps `config`'s entries true beside those of the configs followed before, so that a reload
   * loses nothing until it has worked out. The newest `resolver` settings hold for all.
   */
  follow(config: ProxyConfig): Following {
    this.#findings.configure(config.resolver);
    const entries = Object.values(config.services).flatMap(({ upstreams }) => upstreams);
    const { promise, resolve: beReady } = Promise.withResolvers<Found>();
    const followed: Followed = { entries, beReady };
    this.#followed.add(followed);
    this.#update();
    return {
      ready: promise,
      stop: () => {
        if (!this.#followed.delete(followed)) return;
        beReady(this.#found);
        this.#update();
      },
    };
  }

  /** Asks nobody any more and says nothing more. */
  stop(): void {
    for (const { beReady } of this.#followed) beReady(this.#found);
    this.#followed.clear();
    this.#findings.use(needsOf([], this.#findings));
    this.#cancelTelling?.();
  }

  /** Brings what is asked for, and what is found, in line with what is known. */
  #update(): void {
    const entries = [...this.#followed].flatMap((followed) => followed.entries);
    this.#findings.use(needsOf(entries, this.#findings));
    const found = new Map<string, DiscoveredSet>();
    for (const entry of entries) {
      const key = entryKey(entry);
      if (key === undefined || found.has(key)) continue;
      const set = this.#isKnown(entry) ? this.#setOf(key, entry) : this.#found.get(key);
      if (set) found.set(key, set);
    }
    for (const key of this.#found.keys()) {
      if (!found.has(key)) this.#troubles.forget(upstreamsOf(key));
    }
    this.#found = found;
    this.#beReady();
    this.#tell();
  }

  #isKnown(entry: UpstreamEntry): boolean {
    return this.#findings.isKnown(needsOf([entry], this.#findings));
  }

  #setOf(key: string, entry: UpstreamEntry): DiscoveredSet {
    const set = setOf(entry, this.#findings);
    if (set.length > 0) this.#troubles.clear(upstreamsOf(key));
    else {
      const reasons = this.#findings.reasonsFor(needsOf([entry], this.#findings));
      this.#troubles.note('empty', upstreamsOf(key), reasons.join('; ') || 'it lists no upstreams');
    }
    return set;
  }

  #beReady(): void {
    for (const { entries, beReady } of this.#followed) {
      if (!entries.every((entry) => this.#isKnown(entry))) continue;
      this.#told ??= textOf(this.#found);
      beReady(this.#found);
    }
  }

  #tell(): void {
    if (this.#told === undefined || this.#told === textOf(this.#found)) return;
    this.#cancelTelling ??= this.#deps.schedule(GATHER_MS, () => {
      this.#cancelTelling = undefined;
      const text = textOf(this.#found);
      if (text === this.#told) return;
      this.#told = text;
      this.#deps.onChange(this.#found);
    });
  }
}

function textOf(found: Found): string {
  return JSON.stringify([...found].sort(([a], [b]) => (a < b ? -1 : 1)));
}

/** What is empty, in words; a file can be in trouble without that. */
function upstreamsOf(key: string): string {
  return `upstreams of ${key}`;
}
