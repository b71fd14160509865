import assert from 'node:assert/strict';
import { test } from 'node:test';
import { settle } from './clock.test-support.ts';
import { type ReplaceResult, Rolling } from './rolling.ts';

/** Workers that are replaced when the test says so, by their next version: a1, a2, ... */
function createCrew(...names: readonly string[]) {
  const waiting: { readonly worker: string; readonly done: (why?: string) => void }[] = [];
  const crew = {
    members: names.map((name) => `${name}1`),
    isStopping: false,
    replace(worker: string): Promise<void> {
      return new Promise((resolve, reject) => {
        const done = (why?: string) => {
          if (why !== undefined) return reject(new Error(why));
          const next = `${worker[0]}${Number(worker[1]) + 1}`;
          crew.members = crew.members.map((each) => (each === worker ? next : each));
          resolve();
        };
        waiting.push({ worker, done });
      });
    },
  };
  /** Ends the one replacement that is under way. */
  const finish = async (worker: string, why?: string) => {
    await settle();
    assert.deepEqual(
      waiting.map((each) => each.worker),
      [worker],
    );
    waiting.pop()?.done(why);
    await settle();
  };
  const rolled: ReplaceResult[] = [];
  return { crew, finish, rolled, rolling: new Rolling(crew, (result) => rolled.push(result)) };
}

test('one worker is replaced after the other', async () => {
  const { crew, finish, rolled, rolling } = createCrew('a', 'b');
  const result = rolling.replaceAll();
  assert.equal(rolling.isBusy, true);
  await finish('a1');
  await finish('b1');
  assert.deepEqual(await result, { ok: true, replaced: 2 });
  assert.deepEqual(crew.members, ['a2', 'b2']);
  assert.deepEqual(rolled, [{ ok: true, replaced: 2 }]);
  await settle();
  assert.equal(rolling.isBusy, false);
});

test('calls during a replacement are joined to one more, which sees what is new', async () => {
  const { crew, finish, rolled, rolling } = createCrew('a');
  const first = rolling.replaceAll();
  await settle();
  const [second, third] = [rolling.replaceAll(), rolling.replaceAll()];
  assert.equal(second, third);
  await finish('a1');
  await first;
  await finish('a2');
  assert.deepEqual(await second, { ok: true, replaced: 1 });
  assert.deepEqual(crew.members, ['a3']);
  assert.equal(rolled.length, 2);
});

test('a failure ends it, and does not stand in the way of the next', async () => {
  const { crew, finish, rolling } = createCrew('a', 'b', 'c');
  const failed = rolling.replaceAll();
  const next = rolling.replaceOne('b1', 'recycle');
  await finish('a1');
  await finish('b1', 'worker 5 ended');
  await finish('b1');
  assert.deepEqual(await failed, {
    ok: false,
    why: 'worker 5 ended; 1 of 3 were replaced before',
  });
  await next;
  assert.deepEqual(crew.members, ['a2', 'b2', 'c1']);
});

test('a worker that is gone when its turn comes is left out', async () => {
  const { crew, finish, rolling } = createCrew('a', 'b', 'c');
  const result = rolling.replaceAll();
  await settle();
  crew.members = ['a1', 'c1', 'd1'];
  await finish('a1');
  await finish('c1');
  assert.deepEqual(await result, { ok: true, replaced: 2 });
});
