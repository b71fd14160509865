import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createTurns } from './probe-turns.ts';

const never = new AbortController().signal;

/** Works that say when they began and end when they are told. */
function createWorks(limit: number) {
  const turns = createTurns(limit);
  const begun: string[] = [];
  const ends = new Map<string, PromiseWithResolvers<string>>();
  return {
    begun,
    begin(name: string, signal: AbortSignal = never) {
      const end = Promise.withResolvers<string>();
      ends.set(name, end);
      return turns.take(() => {
        begun.push(name);
        return end.promise;
      }, signal);
    },
    async end(name: string) {
      ends.get(name)?.resolve(name);
      await turn();
    },
    async fail(name: string) {
      ends.get(name)?.reject(new Error(name));
      await turn();
    },
  };
}

describe('turns', () => {
  it('begin at once below the limit, and beyond it in the order they were asked for', async () => {
    const { begun, begin, end } = createWorks(2);
    const results = Promise.all(['a', 'b', 'c', 'd'].map((name) => begin(name)));
    await turn();
    assert.deepEqual(begun, ['a', 'b']);
    await end('b');
    assert.deepEqual(begun, ['a', 'b', 'c']);
    await end('a');
    await end('c');
    await end('d');
    assert.deepEqual(await results, ['a', 'b', 'c', 'd']);
  });

  it('are free again after everything is over', async () => {
    const { begun, begin, end } = createWorks(1);
    for (const name of ['a', 'b', 'c']) {
      const result = begin(name);
      await turn();
      await end(name);
      assert.equal(await result, name);
    }
    assert.deepEqual(begun, ['a', 'b', 'c']);
  });

  it('end with a failure like with anything else', async () => {
    const { begun, begin, fail, end } = createWorks(1);
    const failing = assert.rejects(begin('a'), { message: 'a' });
    const next = begin('b');
    await fail('a');
    await failing;
    assert.deepEqual(begun, ['a', 'b']);
    await end('b');
    assert.equal(await next, 'b');
  });

  it('pass over who has left the line', async () => {
    const { begun, begin, end } = createWorks(1);
    const leaving = new AbortController();
    const first = begin('a');
    const left = begin('b', leaving.signal);
    const last = begin('c');
    leaving.abort();
    assert.equal(await left, undefined);
    assert.equal(await begin('d', leaving.signal), undefined);
    await end('a');
    await end('c');
    assert.deepEqual(await Promise.all([first, last]), ['a', 'c']);
    assert.deepEqual(begun, ['a', 'c']);
  });
});
