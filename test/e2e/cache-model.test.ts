/**
 * Random histories of a page: what its origin says of it, how it changes, who asks for it and with
 * what wishes. Whatever the edge answers must be something that RFC 9111 allows.
 */
import assert from 'node:assert/strict';
import { after, before, describe, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import {
  type Asked,
  type Got,
  linesOf,
  type Manner,
  objectionTo,
  type Page,
  type Told,
} from '../support/cache-model.ts';
import { type CachedSite, reply, startSite } from '../support/cached-site.ts';
import { soon } from '../support/eventually.ts';
import type { RawResponse } from '../support/raw-client.ts';
import type { ReceivedRequest } from '../support/recording-origin.ts';

const SEED = 9_111;
/** Histories at a time: some of their steps only wait. */
const PARALLEL = 24;
const TIME_LIMIT_MS = 12_000;
const HISTORY_DEADLINE_MS = 60_000;
/** Longer than the shortest life of an answer. */
const WAIT_MS = 1_400;

type Step =
  | { readonly do: 'ask'; readonly asked: Asked }
  | { readonly do: 'change'; readonly manner: Manner }
  | { readonly do: 'wait' };

const manner: fc.Arbitrary<Manner> = fc.record({
  status: fc.oneof(
    { weight: 8, arbitrary: fc.constant(200 as const) },
    { weight: 1, arbitrary: fc.constantFrom(404 as const, 500 as const, 503 as const) },
  ),
  maxAge: fc.oneof(
    { weight: 6, arbitrary: fc.constant(1_000) },
    { weight: 4, arbitrary: fc.constantFrom(undefined, 0, 1, 1) },
  ),
  age: fc.oneof(
    { weight: 6, arbitrary: fc.constant(0) },
    { weight: 2, arbitrary: fc.constantFrom(10, 2_000) },
  ),
  staleWhileRevalidate: fc.constantFrom(0, 0, 0, 5_000),
  staleIfError: fc.constantFrom(0, 0, 0, 5_000),
  directives: fc.oneof(
    { weight: 5, arbitrary: fc.constant([]) },
    {
      weight: 3,
      arbitrary: fc.subarray(
        ['no-store', 'private', 'no-cache', 'must-revalidate', 'public'] as const,
        { minLength: 1, maxLength: 2 },
      ),
    },
  ),
  varies: fc.constantFrom('no', 'no', 'by kind', 'by kind', 'by everything'),
  hasTag: fc.boolean(),
  setsCookie: fc.constantFrom(false, false, false, false, true),
});

const asked: fc.Arbitrary<Asked> = fc.record({
  method: fc.oneof(
    { weight: 16, arbitrary: fc.constant('GET' as const) },
    { weight: 2, arbitrary: fc.constant('HEAD' as const) },
    { weight: 2, arbitrary: fc.constantFrom('PUT' as const, 'POST' as const) },
  ),
  kind: fc.constantFrom(undefined, 'a', 'b'),
  user: fc.constantFrom(undefined, undefined, undefined, undefined, 'u', 'v'),
  wants: fc.oneof(
    { weight: 10, arbitrary: fc.constant('anything' as const) },
    {
      weight: 5,
      arbitrary: fc.constantFrom(
        'no-cache' as const,
        'no-store' as const,
        'max-age=5' as const,
        'max-stale' as const,
        'only-if-cached' as const,
      ),
    },
  ),
});

const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 14, arbitrary: asked.map((one) => ({ do: 'ask' as const, asked: one })) },
  { weight: 4, arbitrary: manner.map((one) => ({ do: 'change' as const, manner: one })) },
  { weight: 1, arbitrary: fc.constant({ do: 'wait' as const }) },
);

const history = fc
  .tuple(manner, fc.array(step, { minLength: 3, maxLength: 20 }))
  .map(([first, steps]): readonly Step[] => [{ do: 'change', manner: first }, ...steps]);

let site: CachedSite;
let answerCount = 0;

before(async () => {
  // What fails is answered as it is, so that the model need not know what the edge tries again.
  site = await startSite({ service: { retries: 0 } });
});

after(() => site[Symbol.asyncDispose]());

test('the edge answers what RFC 9111 allows, whatever happens', async () => {
  let reused = 0;
  let answered = 0;
  const histories = fc.array(history, { minLength: PARALLEL, maxLength: PARALLEL });
  const run = await fc.check(
    fc.asyncProperty(histories, async (all) => {
      const lives = await Promise.allSettled(
        all.map((steps) => soon(live(steps), 'the end of a history', HISTORY_DEADLINE_MS)),
      );
      for (const one of lives) {
        if (one.status === 'rejected') throw one.reason;
        reused += one.value.reused;
        answered += one.value.answered;
      }
    }),
    {
      seed: SEED,
      numRuns: 1_000,
      interruptAfterTimeLimit: TIME_LIMIT_MS,
      markInterruptAsFailure: false,
      // What a history came to depends on time as well: the one that failed is told as it was.
      endOnFailure: true,
    },
  );
  if (run.failed) throw run.errorInstance;
  assert.ok(reused > answered / 10, `${reused} of ${answered} answers came from the cache`);
});

/** Plays one history on a page of its own; throws at the first answer that is not allowed. */
async function live(steps: readonly Step[]): Promise<{ reused: number; answered: number }> {
  const told: Told[] = [];
  const changes: { readonly atMs: number }[] = [];
  const given: number[] = [];
  let now: Manner | undefined;
  let version = 0;
  const page = site.page((request) => {
    const tag = `v${version}${request.header('x-kind') ?? ''}`;
    told.push(answerAs(request, now as Manner, tag));
  });
  const count = { reused: 0, answered: 0 };
  for (const one of steps) {
    if (one.do === 'wait') await sleep(WAIT_MS);
    else if (one.do === 'change') {
      now = one.manner;
      version++;
    } else {
      const sentMs = performance.now();
      const before = told.length;
      const response = await page.send({ method: one.asked.method, fields: fieldsOf(one.asked) });
      const got = gotFrom(response, one.asked, sentMs);
      const objection = objectionTo(got, { told, changes, given } satisfies Page);
      if (objection) throw new Error(`${objection}\n${story(got, told, steps)}`);
      count.answered++;
      if (told.length === before) count.reused++;
      if (got.id !== undefined) given.push(got.id);
      const isChange = one.asked.method === 'PUT' || one.asked.method === 'POST';
      if (isChange && got.status < 400) changes.push({ atMs: got.gotMs });
    }
  }
  return count;
}

function answerAs(request: ReceivedRequest, how: Manner, tag: string): Told {
  const atMs = performance.now();
  const method = request.method as Asked['method'];
  const kind = request.header('x-kind');
  const user = request.header('authorization');
  // Passed on with what is not for the cache; no other wish matters to what is kept.
  const wants = request.header('cache-control') === 'no-store' ? 'no-store' : 'anything';
  const by: Asked = { method, kind, user, wants };
  const fields = linesOf(how, tag);
  if (how.hasTag && how.status === 200 && request.header('if-none-match') === `"${tag}"`) {
    reply(request, { status: 304, fields });
    return { what: 'confirmation', id: undefined, tag, manner: how, asked: by, atMs };
  }
  const id = ++answerCount;
  reply(request, { status: how.status, fields: [...fields, `X-Answer: ${id}`], body: `${id}` });
  return { what: 'answer', id, tag, manner: how, asked: by, atMs };
}

function fieldsOf({ kind, user, wants }: Asked): readonly string[] {
  return [
    ...(kind === undefined ? [] : [`X-Kind: ${kind}`]),
    ...(user === undefined ? [] : [`Authorization: ${user}`]),
    ...(wants === 'anything' ? [] : [`Cache-Control: ${wants}`]),
  ];
}

function gotFrom(response: RawResponse, by: Asked, sentMs: number): Got {
  const id = response.header('x-answer');
  const age = response.header('age');
  if (id !== undefined && by.method !== 'HEAD') assert.equal(response.text, id, 'the own content');
  return {
    asked: by,
    status: response.status,
    id: id === undefined ? undefined : Number(id),
    age: age === undefined ? undefined : Number(age),
    sentMs,
    gotMs: performance.now(),
  };
}

function story(got: Got, told: readonly Told[], steps: readonly Step[]): string {
  const lines = [...steps, '', ...told, '', got].map((one) => JSON.stringify(one));
  return lines.join('\n');
}

describe('the model itself', () => {
  const plain: Asked = { method: 'GET', kind: undefined, user: undefined, wants: 'anything' };
  const kept: Manner = {
    status: 200,
    maxAge: 1_000,
    age: 0,
    staleWhileRevalidate: 0,
    staleIfError: 0,
    directives: [],
    varies: 'no',
    hasTag: true,
    setsCookie: false,
  };
  const answer: Told = { what: 'answer', id: 1, tag: 'a', manner: kept, asked: plain, atMs: 0 };
  const got: Got = {
    asked: plain,
    status: 200,
    id: 1,
    age: 2,
    sentMs: 2_000,
    gotMs: 2_010,
  };
  const page: Page = { told: [answer], changes: [], given: [1] };
  const told = (over: Partial<Manner>): Page => ({
    ...page,
    told: [{ ...answer, manner: { ...kept, ...over } }],
  });

  test('allows what is fresh, confirmed, or stale with leave', () => {
    const confirmation: Told = { ...answer, what: 'confirmation', id: undefined, atMs: 2_005 };
    const isAllowed: readonly (readonly [Got, Page])[] = [
      [got, page],
      [
        { ...got, asked: { ...plain, wants: 'no-cache' } },
        { ...page, told: [answer, confirmation] },
      ],
      [got, told({ maxAge: 1, staleWhileRevalidate: 60 })],
      [{ ...got, asked: { ...plain, wants: 'max-stale' } }, told({ maxAge: 1 })],
      [{ ...got, id: undefined, status: 504, asked: { ...plain, wants: 'only-if-cached' } }, page],
    ];
    for (const [one, of] of isAllowed) assert.equal(objectionTo(one, of), undefined);
  });

  test('forbids what must not be kept, or not be used again', () => {
    const changed: Page = { ...page, changes: [{ atMs: 1_000 }] };
    const newer: Told = { ...answer, id: 2, atMs: 1_000 };
    const wrong: Readonly<Record<string, readonly [Got, Page]>> = {
      'no-store': [got, told({ directives: ['no-store'] })],
      private: [got, told({ directives: ['private'] })],
      'every time': [got, told({ directives: ['no-cache'] })],
      'stale by': [got, told({ maxAge: 1 })],
      'has changed': [got, changed],
      'has replaced': [got, { ...page, told: [answer, newer], given: [1, 2] }],
      'sets a cookie': [got, told({ setsCookie: true })],
      'by everything': [got, told({ varies: 'by everything' })],
      'for kind': [{ ...got, asked: { ...plain, kind: 'b' } }, told({ varies: 'by kind' })],
      'for user': [got, { ...page, told: [{ ...answer, asked: { ...plain, user: 'u' } }] }],
      'wanted it confirmed': [{ ...got, asked: { ...plain, wants: 'no-cache' } }, page],
      'ms old': [{ ...got, asked: { ...plain, wants: 'max-age=5' }, age: 12 }, told({ age: 10 })],
      'for this method': [{ ...got, asked: { ...plain, method: 'PUT' } }, page],
      'it says it is': [{ ...got, age: 0 }, told({ age: 10 })],
      'no answer of the origin': [{ ...got, id: undefined, status: 502 }, page],
      'never gave': [{ ...got, id: 7 }, page],
      'but answer 1 is': [{ ...got, status: 404 }, page],
    };
    for (const [objection, [one, of]] of Object.entries(wrong)) {
      assert.match(String(objectionTo(one, of)), new RegExp(objection), objection);
    }
  });
});
