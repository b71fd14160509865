/** Requests that go on to an upstream for themselves alone, and what their answers mean here. */
import type { FieldLines, Fields } from '@headgate/http1';
import type { RequestRecord } from '../request.ts';
import { cacheStatusLine, type ForwardReason } from './cache-status.ts';
import type { CacheCounts } from './counts.ts';
import type { CacheGuest, Passage } from './guest.ts';
import { invalidatedTargets, invalidates } from './invalidate.ts';
import { judgeAnswer } from './judge-answer.ts';
import type { Slot } from './memory.ts';
import type { PassMarks } from './pass-marks.ts';
import type { CachePolicy } from './policy.ts';
import { keyRulesAt, primaryOf } from './purges.ts';

export interface PassagesDeps {
  readonly counts: CacheCounts;
  /** Wall clock in milliseconds, to read dates by. */
  readonly epochMs: () => number;
  /** The other workers of this edge hear of the keys a request has made invalid. */
  readonly announce: (keys: readonly string[]) => void;
  readonly passMarks: PassMarks;
  readonly purge: (key: string) => Promise<unknown>;
}

const NO_LINE = '' as FieldLines;

export class Passages {
  readonly #deps: PassagesDeps;

  constructor(deps: PassagesDeps) {
    this.#deps = deps;
  }

  /** Past the cache of its route, because of `why`; `detail` is one token. */
  open(
    guest: CacheGuest,
    policy: CachePolicy,
    why: ForwardReason,
    slot?: Slot,
    detail?: string,
  ): Passage {
    const { record } = guest;
    record.cached = 'pass';
    return {
      statusLine: policy.tellsStatus ? cacheStatusLine({ kind: 'forward', why, detail }) : NO_LINE,
      observe: (status, fields) => {
        if (slot && record.method === 'GET') this.#reconsider(record, policy, slot, status, fields);
        if (invalidates(record.method, status)) this.#invalidate(record, fields);
      },
    };
  }

  /** By a route without a cache, to what another route may have kept. */
  watch(record: RequestRecord): Passage {
    return {
      statusLine: NO_LINE,
      observe: (status, fields) => {
        if (invalidates(record.method, status)) this.#invalidate(record, fields);
      },
    };
  }

  /** What was not for all may be so now: the next request finds out. */
  #reconsider(
    record: RequestRecord,
    policy: CachePolicy,
    slot: Slot,
    status: number,
    fields: Fields,
  ): void {
    const hasAuthorization = record.fields.find('authorization') >= 0;
    const asked = { method: 'GET', hasAuthorization, noStore: false };
    const at = { epochMs: this.#deps.epochMs(), delayMs: 0 };
    const judgement = judgeAnswer(asked, { status, fields }, policy, at);
    if (judgement.kind === 'keep') this.#deps.passMarks.delete(slot.key);
  }

  /** The URL itself and those the answer names (RFC 9111 §4.4), as any route has kept them. */
  #invalidate(record: RequestRecord, fields: Fields): void {
    const { host, path, query, snapshot } = record;
    const others = invalidatedTargets(fields, { proto: record.client.proto, host }, path);
    const keys = [{ path, query }, ...others].map((url) =>
      primaryOf({ ...record, ...url }, keyRulesAt(snapshot, host, url.path)),
    );
    this.#deps.counts.invalidations += keys.length;
    // Elsewhere it is forgotten as soon as it can be; the answer does not wait for that.
    for (const key of keys) this.#deps.purge(key).catch(() => {});
    this.#deps.announce(keys);
  }
}
