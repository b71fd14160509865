/** All that is asked for at the moment, each once however many entries need it, and its answers. */
import { resolve } from 'node:path';
import type { ProxyConfig } from '../config.ts';
import type { Dns } from './ask-dns.ts';
import type { DiscoveredSet } from './expand.ts';
import { Kept, type Schedule } from './kept.ts';
import { type Answer, hasSameRecords, type Known } from './known.ts';
import type { Findings, Needs } from './sets.ts';
import type { SrvTarget } from './srv.ts';
import type { Troubles } from './troubles.ts';
import { UpstreamList } from './upstream-list.ts';

export interface KeptFindingsDeps {
  readonly dns: Dns;
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly schedule: Schedule;
  /** Where the paths of files begin: the directory of the config file. */
  readonly directory: string;
  /** What `${NAME}` in files refers to. */
  readonly env: Readonly<Record<string, string | undefined>>;
}

/** A file's list, as it last was good. */
interface KeptList {
  readonly list: UpstreamList;
  upstreams: DiscoveredSet;
  hasBeenRead: boolean;
  reason: string | undefined;
}

/** Asks for what `use` was last called with. */
export class KeptFindings implements Findings {
  readonly #deps: KeptFindingsDeps;
  readonly #troubles: Troubles;
  readonly #onChange: () => void;
  readonly #ipv4 = new Map<string, Kept<string>>();
  readonly #ipv6 = new Map<string, Kept<string>>();
  readonly #targets = new Map<string, Kept<SrvTarget>>();
  readonly #lists = new Map<string, KeptList>();
  #resolver: ProxyConfig['resolver'] | undefined;

  /** `onChange`: something was found, or is known not to be there, for the first time or anew. */
  constructor(deps: KeptFindingsDeps, troubles: Troubles, onChange: () => void) {
    this.#deps = deps;
    this.#troubles = troubles;
    this.#onChange = onChange;
  }

  /** From the next question on. */
  configure(resolver: ProxyConfig['resolver']): void {
    this.#resolver = resolver;
  }

  /** Begins to ask for what is new in `needs` and gives up what is no longer there. */
  use({ addresses, targets, files }: Needs): void {
    this.#align(this.#ipv4, addresses, 'A', (name, signal) =>
      this.#deps.dns.addresses(name, 4, this.#settings, signal),
    );
    this.#align(this.#ipv6, addresses, 'AAAA', (name, signal) =>
      this.#deps.dns.addresses(name, 6, this.#settings, signal),
    );
    this.#align(this.#targets, targets, 'SRV', (name, signal) => this.#askTargets(name, signal));
    for (const file of files) if (!this.#lists.has(file)) this.#openList(file);
    for (const [file, { list }] of this.#lists) {
      if (files.has(file)) continue;
      list.stop();
      this.#lists.delete(file);
      this.#troubles.forget(`file ${file}`);
    }
  }

  /** Everything in `needs` has been asked for, with whatever result. */
  isKnown({ addresses, targets, files }: Needs): boolean {
    return (
      [...addresses].every((name) => hasAnswered(this.#ipv4, name)) &&
      [...addresses].every((name) => hasAnswered(this.#ipv6, name)) &&
      [...targets].every((name) => hasAnswered(this.#targets, name)) &&
      [...files].every((file) => this.#lists.get(file)?.hasBeenRead)
    );
  }

  /** Why nothing came of some of `needs`. */
  reasonsFor({ addresses, targets, files }: Needs): string[] {
    const kept = [
      ...[...targets].map((name) => this.#targets.get(name)?.known),
      ...[...addresses].flatMap((name) => [
        this.#ipv4.get(name)?.known,
        this.#ipv6.get(name)?.known,
      ]),
      ...[...files].map((file) => this.#lists.get(file)),
    ];
    return [...new Set(kept.flatMap((one) => one?.reason ?? []))];
  }

  addressesOf(name: string): readonly string[] {
    return [this.#ipv4, this.#ipv6].flatMap((kept) => kept.get(name)?.known.records ?? []);
  }

  targetsOf(name: string): readonly SrvTarget[] {
    return this.#targets.get(name)?.known.records ?? [];
  }

  listOf(file: string): DiscoveredSet {
    return this.#lists.get(file)?.upstreams ?? [];
  }

  get #settings(): ProxyConfig['resolver'] {
    if (!this.#resolver) throw new Error('names are asked for once the resolver is configured');
    return this.#resolver;
  }

  #align<T>(
    kept: Map<string, Kept<T>>,
    needed: ReadonlySet<string>,
    type: string,
    ask: (name: string, signal: AbortSignal) => Promise<Answer<T>>,
  ): void {
    for (const name of needed) {
      if (!kept.has(name))
        kept.set(
          name,
          this.#keep(`${type} ${name}`, (signal) => ask(name, signal)),
        );
    }
    for (const [name, one] of kept) {
      if (needed.has(name)) continue;
      one.stop();
      kept.delete(name);
      this.#troubles.forget(`${type} ${name}`);
    }
  }

  #keep<T>(source: string, ask: (signal: AbortSignal) => Promise<Answer<T>>): Kept<T> {
    const { now, random, schedule } = this.#deps;
    const kept: Kept<T> = new Kept<T>({
      ask,
      lifetimes: () => this.#settings,
      now,
      random,
      schedule,
      onAnswer: (answer, before) => {
        this.#noteTrouble(source, answer, before);
        if (!before.hasAnswered || !hasSameRecords(before, kept.known)) this.#onChange();
      },
    });
    return kept;
  }

  async #askTargets(name: string, signal: AbortSignal): Promise<Answer<SrvTarget>> {
    const answer = await this.#deps.dns.targets(name, this.#settings, signal);
    if (answer.kind !== 'found') return answer;
    // Node does not say how long SRV records are good for; their targets' addresses stand in.
    const ttls = answer.records.flatMap((target) =>
      [this.#ipv4, this.#ipv6].flatMap((kept) => kept.get(target.name)?.known.ttlMs ?? []),
    );
    return { ...answer, ttlMs: ttls.length > 0 ? Math.min(...ttls) : undefined };
  }

  #noteTrouble<T>(source: string, answer: Answer<T>, { records }: Known<T>): void {
    const stay = records.length > 0 ? `; the ${records.length} records of before stay in use` : '';
    if (answer.kind === 'found') this.#troubles.clear(source);
    // A name with addresses of one family only is not in trouble.
    else if (answer.kind === 'failed' || stay !== '') {
      this.#troubles.note('failed', source, `${answer.reason}${stay}`);
    }
  }

  #openList(file: string): void {
    const { directory, env } = this.#deps;
    const source = `file ${file}`;
    const list = new UpstreamList({
      file: resolve(directory, file),
      env,
      onRead: (result) => {
        kept.hasBeenRead = true;
        kept.reason = result.ok ? undefined : result.reason;
        if (result.ok) {
          kept.upstreams = result.upstreams;
          this.#troubles.clear(source);
        } else this.#troubles.note('failed', source, result.reason);
        this.#onChange();
      },
    });
    const kept: KeptList = { list, upstreams: [], hasBeenRead: false, reason: undefined };
    this.#lists.set(file, kept);
  }
}

function hasAnswered<T>(kept: ReadonlyMap<string, Kept<T>>, name: string): boolean {
  return kept.get(name)?.known.hasAnswered === true;
}
