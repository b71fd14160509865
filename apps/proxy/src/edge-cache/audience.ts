/** Those who wait for one answer, or read it; one of them may lead: it was its request that was sent. */

import type { FieldLines } from '@headgate/http1';
import type { RequestRecord } from '../request.ts';
import { type CacheVerdict, cacheStatusLine } from './cache-status.ts';
import type { FlightPlan } from './flight-plan.ts';
import type { Reader } from './reader.ts';

export class Audience implements Iterable<Reader> {
  leader: Reader | undefined;
  readonly #readers = new Set<Reader>();

  get size(): number {
    return this.#readers.size;
  }

  [Symbol.iterator](): IterableIterator<Reader> {
    return this.#readers.values();
  }

  has(reader: Reader): boolean {
    return this.#readers.has(reader);
  }

  add(reader: Reader): void {
    this.#readers.add(reader);
  }

  /** False when it was not there. */
  delete(reader: Reader): boolean {
    return this.#readers.delete(reader);
  }

  /** Takes all of them out. */
  dismiss(): Reader[] {
    const all = [...this.#readers];
    this.#readers.clear();
    return all;
  }

  dismissWhere(isOut: (reader: Reader) => boolean): Reader[] {
    const out = [...this.#readers].filter(isOut);
    for (const reader of out) this.#readers.delete(reader);
    return out;
  }

  /** The log line of the request that leads tells of the upstream. */
  tellLeader({ upstream, attempts }: RequestRecord): void {
    if (!this.leader) return;
    this.leader.guest.record.upstream = upstream;
    this.leader.guest.record.attempts = attempts;
  }

  /** What `reader` is told of how it came to its answer. */
  statusLine(reader: Reader, plan: FlightPlan, told: Told): FieldLines {
    const isLeader = reader === this.leader;
    reader.guest.record.cached ??= isLeader ? 'miss' : 'collapsed';
    if (!plan.policy.tellsStatus) return '' as FieldLines;
    const isCollapsed = isLeader ? undefined : true;
    return cacheStatusLine({ kind: 'forward', why: plan.why, isCollapsed, ...told });
  }
}

/** What a flight knows for `statusLine`. */
export type Told = Pick<
  CacheVerdict & { readonly kind: 'forward' },
  'isStored' | 'detail' | 'status'
>;
