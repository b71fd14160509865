/**
 * The pages of a small site whose origin, clients and operator do what they like; and what may never
 * come of it.
 */
import assert from 'node:assert/strict';
import type { Purge } from '@headgate/cache';
import { fieldsOf } from '../fields.test-support.ts';
import { type CacheBench, createCacheBench } from './edge-cache.test-support.ts';
import {
  DIRECTIVES,
  FOR_ONE,
  linesFor,
  type Manner,
  type Step,
  type Wish,
} from './engine-model-steps.test-support.ts';
import type { PaperGuest } from './paper-client.test-support.ts';
import type { PaperFetch } from './paper-fetch.test-support.ts';

const MAX_BODY_BYTES = 60;
const MAX_MEMORY_BYTES = 5_000;
const MAX_STEPS_TO_END = 10_000;

/** An answer an origin has begun to give. */
interface Answer {
  readonly version: number;
  readonly page: number;
  readonly variant: string;
  readonly manner: Manner;
  readonly body: string;
  /** Of the request it is the answer to. */
  readonly requestId: string;
  /** When the work on it began, or on what has confirmed it last. */
  since: number;
}

interface Visit {
  readonly guest: PaperGuest;
  readonly page: number;
  readonly variant: string;
  readonly wish: Wish;
  readonly askedAt: number;
  readonly isPipelined: boolean;
  isChecked: boolean;
}

interface Delivery {
  readonly fetch: PaperFetch;
  readonly page: number;
  readonly departedAt: number;
  /** What has not been sent yet; undefined before the head. */
  rest: string | undefined;
  answer: Answer | undefined;
  isChunked: boolean;
  /** Not the answer that is given, perhaps, but read to its end all the same. */
  isLeftOver: boolean;
}

export class Site {
  readonly bench: CacheBench;
  readonly #answers: Answer[] = [];
  readonly #visits: Visit[] = [];
  readonly #deliveries: Delivery[] = [];
  readonly #purges: { readonly page: number; readonly at: number }[] = [];
  #now = 0;

  constructor(collapses: boolean) {
    this.bench = createCacheBench({
      maxSizeBytes: MAX_MEMORY_BYTES,
      policy: {
        maxBodyBytes: MAX_BODY_BYTES,
        collapses,
        staleWhileRevalidateMs: 5_000,
        staleIfErrorMs: 20_000,
      },
      onFetch: (fetch) => this.#departed(fetch),
      onEnd: (guest) => this.#ended(guest),
      onPass: (guest, passage) => {
        // What it gets now might be for all.
        if (guest.record.method === 'GET' && this.#now % 3 === 0) {
          passage.observe(200, fieldsOf('Cache-Control: max-age=60'));
        }
      },
    });
  }

  take(step: Step): void {
    this.#now++;
    switch (step.do) {
      case 'ask':
        this.#ask(step);
        break;
      case 'purge':
        this.#purge(step.page, step.by);
        break;
      case 'wait':
        this.bench.pass(step.ms);
        break;
      case 'head':
      case 'body':
      case 'end':
      case 'fail':
      case 'interim':
        this.#deliver(step);
        break;
      default:
        this.#react(step.do, step.guest);
    }
    this.check();
  }

  /** All clients take all they get, and all origins finish what they have begun. */
  settle(): void {
    for (let i = 0; ; i++) {
      assert.ok(i < MAX_STEPS_TO_END, 'it never ends');
      for (const { guest } of this.#visits) {
        guest.client.isSlow = false;
        guest.client.catchUp();
      }
      const open = this.#deliveries.find(({ fetch }) => !fetch.isOver);
      if (!open) break;
      assert.equal(open.fetch.isPaused, false, 'a fetch is stuck');
      if (open.rest === undefined) open.fetch.fail();
      else this.#finish(open);
      this.check();
    }
    for (const { guest } of this.#visits) assert.ok(guest.isOver, 'a client waits for ever');
    assert.equal(this.bench.cache.flightCount, 0, 'a flight is left');
  }

  check(): void {
    assert.ok(this.bench.cache.memory.sizeBytes <= MAX_MEMORY_BYTES);
    const open = this.#deliveries.filter(({ fetch }) => !fetch.isOver);
    for (const delivery of open) this.#checkPressure(delivery);
    const wanted = open.filter(({ isLeftOver }) => !isLeftOver).length;
    const { flightCount } = this.bench.cache;
    assert.ok(flightCount >= wanted, 'a fetch goes on that nobody knows of');
    assert.ok(flightCount <= open.length, 'a flight goes on without a fetch');
    for (const visit of this.#visits) {
      if (visit.isChecked || !visit.guest.ending) continue;
      visit.isChecked = true;
      this.#checkVisit(visit);
    }
  }

  /** What nobody keeps comes no faster than the slowest of those who read it takes it. */
  #checkPressure({ fetch, answer, rest = '' }: Delivery): void {
    if (!answer) return;
    const { manner, body, version } = answer;
    const isSlow = this.#visits.some(
      ({ guest: { isOver, client } }) =>
        !isOver && client.isBehind && client.field('x-version') === String(version),
    );
    const isUnkept =
      FOR_ONE.test(manner) ||
      (manner === 'too large in chunks' && body.length - rest.length > MAX_BODY_BYTES);
    assert.equal(fetch.isPaused, isUnkept && isSlow);
  }

  #ask(asked: Extract<Step, { do: 'ask' }>): void {
    const { page, wish, isSlow, isPipelined } = asked;
    const variant = `v${asked.variant}`;
    const { bench } = this;
    const askedAt = this.#now;
    const lines = [`X-Variant: ${variant}`, ...linesFor(wish, this.#latest(page))];
    const method = wish === 'HEAD' ? 'HEAD' : 'GET';
    const guest = bench.ask({ method, url: `/${page}`, lines, isSlow });
    this.#visits.push({ guest, page, variant, wish, askedAt, isPipelined, isChecked: false });
    if (guest.isOver) this.#ended(guest);
  }

  /** The next request of the connection is served before the end of this one returns. */
  #ended(guest: PaperGuest): void {
    const visit = this.#visits.find((each) => each.guest === guest);
    if (!visit?.isPipelined) return;
    const { page } = visit;
    const variant = Number(visit.variant.slice(1));
    this.#ask({ do: 'ask', page, variant, wish: 'plain', isSlow: false, isPipelined: false });
  }

  #departed(fetch: PaperFetch): void {
    const page = Number(fetch.record.path.slice(1));
    const departedAt = this.#now;
    this.#deliveries.push({
      fetch,
      page,
      departedAt,
      rest: undefined,
      answer: undefined,
      isChunked: false,
      isLeftOver: false,
    });
  }

  #deliver(step: Extract<Step, { fetch: number }>): void {
    const open = this.#deliveries.filter(({ fetch }) => !fetch.isOver && !fetch.isPaused);
    const delivery = open[step.fetch % open.length];
    if (!delivery) return;
    const { fetch, rest } = delivery;
    if (step.do === 'fail') fetch.fail();
    else if (step.do === 'interim') {
      if (rest === undefined) fetch.head(103, ['Link: </a>']);
    } else if (step.do === 'head') {
      if (rest === undefined) this.#begin(delivery, step.manner, step.at);
    } else if (rest !== undefined) {
      if (step.do === 'body') this.#send(delivery, Math.ceil(rest.length / 2));
      else this.#finish(delivery);
    }
  }

  #begin(delivery: Delivery, manner: Manner, at: number): void {
    const { fetch, page, departedAt } = delivery;
    if (manner.startsWith('not modified')) {
      const tag = /if-none-match: "(\d+)"/i.exec(fetch.request.lines)?.[1];
      if (tag === undefined) return;
      const confirmed = this.#answers[Number(tag)] as Answer;
      // Work on it began when it was confirmed, for those who are to have it from now on.
      if (manner === 'not modified') confirmed.since = Math.max(confirmed.since, departedAt);
      delivery.rest = '';
      delivery.isLeftOver = true;
      fetch.head(304, [`ETag: "${tag}"`, ...DIRECTIVES[manner]]);
      return;
    }
    const version = this.#answers.length;
    const { id, fields } = fetch.record;
    const field = fields.find('x-variant');
    const isLarge = manner.startsWith('too large');
    const sizeBytes = manner === 'empty' ? 0 : isLarge ? 3 * MAX_BODY_BYTES : 5 + (at % 50);
    const body = `${version}:`.repeat(sizeBytes).slice(0, sizeBytes);
    const answer = {
      version,
      page,
      variant: fields.value(field),
      manner,
      body,
      requestId: id,
      since: departedAt,
    };
    this.#answers.push(answer);
    delivery.answer = answer;
    const lines = [`X-Version: ${version}`, `ETag: "${version}"`, `Surrogate-Key: t${page}`];
    lines.push(...DIRECTIVES[manner]);
    delivery.isChunked = manner.endsWith('chunks');
    delivery.rest = body;
    delivery.isLeftOver = manner === 'error';
    lines.push(delivery.isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${sizeBytes}`);
    fetch.head(manner === 'error' ? 503 : manner === 'missing' ? 404 : 200, lines);
  }

  #send(delivery: Delivery, sizeBytes: number): void {
    const { fetch, rest = '' } = delivery;
    const piece = rest.slice(0, sizeBytes);
    if (piece === '' || fetch.isOver || fetch.isPaused) return;
    delivery.rest = rest.slice(sizeBytes);
    if (delivery.isChunked) fetch.chunk(piece);
    else fetch.upstream.receive(piece);
  }

  #finish(delivery: Delivery): void {
    const { fetch } = delivery;
    this.#send(delivery, Number.POSITIVE_INFINITY);
    if (delivery.isChunked && !fetch.isOver && !fetch.isPaused) fetch.lastChunk();
  }

  #react(what: 'leave' | 'catch up' | 'slow down', index: number): void {
    const present = this.#visits.filter(({ guest }) => !guest.isOver);
    const visit = present[index % present.length];
    if (!visit) return;
    const { guest } = visit;
    if (what === 'leave') guest.leave(index % 2 === 0 ? 'client-gone' : 'total-timeout');
    else if (what === 'slow down') guest.client.isSlow = true;
    else {
      guest.client.isSlow = false;
      guest.client.catchUp();
    }
  }

  #purge(page: number, by: Purge['kind']): void {
    const url = `http://example.com/${page}`;
    const purges: Record<Purge['kind'], Purge> = {
      key: { kind: 'key', key: url },
      prefix: { kind: 'prefix', prefix: url },
      tag: { kind: 'tag', tag: `t${page}` },
      all: { kind: 'all' },
    };
    void this.bench.cache.purge(purges[by]);
    for (const each of by === 'all' ? [0, 1] : [page]) {
      this.#purges.push({ page: each, at: this.#now });
    }
  }

  #latest(page: number): number | undefined {
    return this.#answers.findLast((answer) => answer.page === page)?.version;
  }

  #checkVisit(visit: Visit): void {
    const { client, ending } = visit.guest;
    assert.ok(ending);
    if (ending.kind === 'broken') throw ending.error;
    if (!client.hasBegun) {
      assert.equal(client.body, '');
      // Whoever has no answer is told why, or asks for itself.
      assert.ok(ending.kind === 'passed' || ending.problem);
      return;
    }
    assert.ok(ending.kind === 'finished');
    assert.equal(ending.problem !== undefined, client.isBrokenOff);
    if (client.status === 416) {
      assert.match(client.field('content-range') ?? '', /^bytes \*\/\d+$/);
      assert.equal(client.body, '');
      return;
    }
    const answer = this.#answers[Number(client.field('x-version') ?? Number.NaN)];
    assert.ok(answer, 'an answer from nowhere');
    this.#checkRight(visit, answer);
    checkBytes(visit, answer);
  }

  /** May this client have that answer? */
  #checkRight({ guest, page, variant, askedAt }: Visit, answer: Answer): void {
    assert.equal(answer.page, page, 'the answer of another page');
    if (answer.manner === 'varies') assert.equal(answer.variant, variant, 'another variant');
    const isItsOwn = answer.requestId === guest.record.id;
    if (FOR_ONE.test(answer.manner)) {
      assert.ok(isItsOwn, `the answer of another client: ${answer.manner}`);
    }
    const isPurged = this.#purges.some(
      (purge) => purge.page === page && purge.at > answer.since && purge.at < askedAt,
    );
    assert.ok(!isPurged, 'purged before it was asked for');
  }
}

/** Did it get the bytes of that answer, all of them or as many as it was promised? */
function checkBytes({ guest, wish }: Visit, { body }: Answer): void {
  const { client } = guest;
  const { status, framing, isEnded, isBrokenOff } = client;
  if (status === 304 || wish === 'HEAD') {
    assert.equal(client.body, '');
    return;
  }
  let whole = body;
  if (status === 206) {
    const range = /^bytes (\d+)-(\d+)\/(\d+)$/.exec(client.field('content-range') ?? '');
    assert.ok(range);
    assert.equal(Number(range[3]), body.length);
    whole = body.slice(Number(range[1]), Number(range[2]) + 1);
  }
  if (isBrokenOff) {
    assert.ok(whole.startsWith(client.body), 'other bytes');
    return;
  }
  assert.equal(client.body, whole);
  if (framing === 'chunked') assert.ok(isEnded, 'no end');
  else assert.equal(client.body.length, framing === 'none' ? 0 : framing);
}
