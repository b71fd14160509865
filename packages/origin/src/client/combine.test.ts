import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HttpProblem, notFound } from '../problem.ts';
import { all } from './all.ts';
import type { Answered, Failed, PartnerResult } from './call-options.ts';
import { failureOf, statusFailure } from './failure.ts';
import type { Part } from './part.ts';
import { partial } from './partial.ts';
import { partialList } from './partial-list.ts';
import { PartnerError } from './partner-error.ts';
import { first, quorum } from './quorum.ts';

const good = <T>(body: T): Answered<T> => ({
  ok: true,
  status: 200,
  body,
  header: () => undefined,
});
const bad = (name: string): Failed => ({
  ok: false,
  failure: statusFailure(500, `${name}: answered 500`),
});

/** A part that ends only by its signal, and says that it did. */
function endless(cancelled: string[], name: string): Part<PartnerResult<never>> {
  return (signal) =>
    new Promise((resolve) => {
      signal.addEventListener('abort', () => {
        cancelled.push(name);
        resolve({ ok: false, failure: failureOf('aborted', `${name}: given up`) });
      });
    });
}

test('all gives the values by name, of partner calls and of anything else', async () => {
  const result = await all({
    post: async () => good({ id: 1 }),
    row: async () => ['a', 'row'],
    nothing: async () => undefined,
  });
  assert.deepEqual(result, { post: { id: 1 }, row: ['a', 'row'], nothing: undefined });
  // Checked by the compiler: bodies have their types.
  const id: number = result.post.id;
  assert.equal(id, 1);
});

test('all throws the first failure and cancels the rest', async () => {
  const cancelled: string[] = [];
  const result = all({ slow: endless(cancelled, 'slow'), post: async () => bad('post') });
  await assert.rejects(result, (error) => {
    assert.ok(error instanceof PartnerError);
    assert.deepEqual([error.status, error.message], [502, 'post: answered 500']);
    return true;
  });
  assert.deepEqual(cancelled, ['slow']);
});

test('all throws a problem or a defect as it is', async () => {
  const gone = notFound('no item');
  await assert.rejects(all({ post: () => Promise.reject(gone) }), gone);
  const defect = new TypeError('oh');
  const cancelled: string[] = [];
  const result = all({ slow: endless(cancelled, 'slow'), post: () => Promise.reject(defect) });
  await assert.rejects(result, defect);
  assert.deepEqual(cancelled, ['slow']);
});

test('a fan-out ends with the signal it is given, parts that have not started too', async () => {
  const cancelled: string[] = [];
  const caller = new AbortController();
  const result = all({ slow: endless(cancelled, 'slow') }, { signal: caller.signal });
  caller.abort();
  await assert.rejects(result, PartnerError);
  assert.deepEqual(cancelled, ['slow']);
  let isStarted = false;
  const part = async () => {
    isStarted = true;
    return good(1);
  };
  await assert.rejects(all({ part }, { signal: caller.signal }), { kind: 'aborted' });
  assert.equal(isStarted, false);
});

test('partial gives what there is, and names what is missing', async () => {
  const {
    parts,
    partial: isPartial,
    missing,
  } = await partial({
    post: async () => good({ id: 1 }),
    comments: async () => bad('comments'),
    row: () => Promise.reject(notFound('no row')),
  });
  assert.deepEqual(parts, { post: { id: 1 }, comments: undefined, row: undefined });
  assert.equal(isPartial, true);
  assert.deepEqual(missing, [
    { part: 'comments', reason: 'status', status: 500, message: 'comments: answered 500' },
    { part: 'row', reason: 'not-found', message: 'no row' },
  ]);
});

test('a required part is there, or the rest is cancelled', async () => {
  const cancelled: string[] = [];
  const { parts } = await partial(
    { post: async () => good({ id: 1 }), comments: async () => bad('comments') },
    { required: ['post'] },
  );
  const id: number = parts.post.id;
  assert.equal(id, 1);
  // @ts-expect-error a part that is not required may be missing
  assert.equal(parts.comments?.length, undefined);
  const failing = partial(
    { post: async () => bad('post'), comments: endless(cancelled, 'comments') },
    { required: ['post'] },
  );
  await assert.rejects(failing, { message: 'post: answered 500' });
  assert.deepEqual(cancelled, ['comments']);
});

test('when every part fails the first one is the answer, and all are told', async () => {
  const result = partial({ post: async () => bad('post'), comments: async () => bad('comments') });
  await assert.rejects(result, (error) => {
    assert.ok(error instanceof PartnerError);
    assert.equal(error.message, 'post: answered 500; comments: answered 500');
    assert.ok(error.cause instanceof AggregateError);
    assert.equal(error.cause.errors.length, 2);
    return true;
  });
  assert.deepEqual(await partial({}), { parts: {}, partial: false, missing: [] });
});

test('a list has its values in order, and no more calls at once than allowed', async () => {
  let running = 0;
  let most = 0;
  const parts = Array.from({ length: 20 }, (_, index) => async () => {
    running += 1;
    most = Math.max(most, running);
    await new Promise(setImmediate);
    running -= 1;
    return index === 7 ? bad('seven') : good(index);
  });
  const list = await partialList(parts, { concurrency: 4, nameOf: (index) => `posts/${index}` });
  assert.equal(most, 4);
  assert.deepEqual(
    list.values,
    Array.from({ length: 20 }, (_, index) => (index === 7 ? undefined : index)),
  );
  assert.deepEqual(list.missing, [
    { part: 'posts/7', reason: 'status', status: 500, message: 'seven: answered 500' },
  ]);
});

test('a list without any good part fails, an empty one does not', async () => {
  await assert.rejects(partialList([async () => bad('a'), async () => bad('b')]), {
    message: 'a: answered 500; b: answered 500',
  });
  assert.deepEqual(await partialList([]), { values: [], partial: false, missing: [] });
});

test('a list whose time is up has what came before', async () => {
  const caller = new AbortController();
  const parts = [1, 2, 3, 4].map((n) => async () => {
    if (n === 2) caller.abort(new DOMException('late', 'TimeoutError'));
    return good(n);
  });
  const list = await partialList(parts, { concurrency: 1, signal: caller.signal });
  assert.deepEqual(list.values, [1, 2, undefined, undefined]);
  assert.deepEqual(
    list.missing.map(({ reason }) => reason),
    ['timeout', 'timeout'],
  );
});

test('a quorum is there as soon as enough have answered, and the rest is cancelled', async () => {
  const cancelled: string[] = [];
  const parts = [
    async () => bad('a'),
    async () => good('b'),
    endless(cancelled, 'c'),
    async () => good('d'),
  ];
  const { answers, missing } = await quorum(parts, { atLeast: 2 });
  assert.deepEqual(answers, [
    { index: 1, value: 'b' },
    { index: 3, value: 'd' },
  ]);
  assert.deepEqual(
    missing.map(({ part }) => part),
    [0],
  );
  assert.deepEqual(cancelled, ['c']);
});

test('a quorum that cannot be had any more fails at once', async () => {
  const cancelled: string[] = [];
  const parts = [async () => bad('a'), async () => bad('b'), endless(cancelled, 'c')];
  await assert.rejects(quorum(parts, { atLeast: 2 }), {
    message: 'a: answered 500; b: answered 500',
  });
  assert.deepEqual(cancelled, ['c']);
  for (const atLeast of [0, 4, 1.5]) {
    await assert.rejects(quorum(parts, { atLeast }), RangeError);
  }
});

test('the first good one wins, and the others are cancelled', async () => {
  const cancelled: string[] = [];
  const parts = [endless(cancelled, 'a'), async () => bad('b'), async () => good('c')];
  assert.equal(await first(parts), 'c');
  assert.deepEqual(cancelled, ['a']);
  await assert.rejects(first([async () => bad('a'), async () => bad('b')]), {
    message: 'a: answered 500; b: answered 500',
  });
});

test('property: every combinator agrees with what its parts came to', async () => {
  const outcomes = fc.array(
    fc.record({ isGood: fc.boolean(), turns: fc.nat(4), isThrown: fc.boolean() }),
    { minLength: 1, maxLength: 8 },
  );
  await fc.assert(
    fc.asyncProperty(outcomes, fc.nat(7), async (given, least) => {
      const parts = given.map(({ isGood, turns, isThrown }, index) => async () => {
        for (let i = 0; i < turns; i++) await Promise.resolve();
        if (isGood) return good(index);
        const result = bad(String(index));
        if (isThrown) throw new PartnerError(result.failure);
        return result;
      });
      const named = Object.fromEntries(parts.map((part, index) => [`p${index}`, part]));
      const isGood = given.map((one) => one.isGood);
      const goodCount = isGood.filter(Boolean).length;
      const values = isGood.map((is, index) => (is ? index : undefined));
      const outcomeOf = async <T>(result: Promise<T>) => {
        try {
          return await result;
        } catch (error) {
          assert.ok(error instanceof HttpProblem, String(error));
          return 'failed' as const;
        }
      };
      const whole = await outcomeOf(all(named));
      if (goodCount === given.length) assert.deepEqual(Object.values(whole), values);
      else assert.equal(whole, 'failed');

      const some = await outcomeOf(partial(named));
      const list = await outcomeOf(partialList(parts, { concurrency: 3 }));
      if (some === 'failed' || list === 'failed') {
        assert.deepEqual([some, list, goodCount], ['failed', 'failed', 0]);
      } else {
        assert.deepEqual(Object.values(some.parts), values);
        assert.deepEqual(list.values, values);
        assert.equal(some.missing.length, given.length - goodCount);
      }
      const atLeast = (least % given.length) + 1;
      const enough = await outcomeOf(quorum(parts, { atLeast }));
      if (enough === 'failed') assert.ok(goodCount < atLeast);
      else assert.ok(goodCount >= enough.answers.length && enough.answers.length >= atLeast);
    }),
  );
});
