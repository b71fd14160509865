import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createRequestLoader } from './loader-request.ts';

function counted() {
  const loads: (readonly number[])[] = [];
  let failures = 0;
  const loaderOf = createRequestLoader<number, string>({
    load: async (keys) => {
      loads.push(keys);
      if (failures-- > 0) throw new Error('no');
      return new Map(keys.map((key) => [key, `row ${key}`]));
    },
  });
  return { loaderOf, loads, failNext: () => (failures = 1) };
}

test('a request loads each key once; another request loads it again', async () => {
  const { loaderOf, loads } = counted();
  const scopes = [
    { signal: new AbortController().signal },
    { signal: new AbortController().signal },
  ];
  for (const scope of scopes) {
    assert.deepEqual(await loaderOf(scope).loadMany([1, 2, 1]), ['row 1', 'row 2', 'row 1']);
    assert.equal(await loaderOf(scope).load(2), 'row 2');
  }
  assert.deepEqual(loads, [
    [1, 2],
    [1, 2],
  ]);
});

test('what the request has written is read anew once it is forgotten', async () => {
  const { loaderOf, loads } = counted();
  const loader = loaderOf({ signal: new AbortController().signal });
  await loader.loadMany([1, 2]);
  loader.forget(1);
  await loader.loadMany([1, 2]);
  loader.forget();
  await loader.loadMany([1, 2]);
  assert.deepEqual(loads, [[1, 2], [1], [1, 2]]);
});

test('a load that failed is not remembered', async () => {
  const { loaderOf, failNext } = counted();
  const loader = loaderOf({ signal: new AbortController().signal });
  failNext();
  await assert.rejects(loader.load(1), { message: 'no' });
  assert.equal(await loader.load(1), 'row 1');
});

test('the end of the request ends its lookups', async () => {
  const { loaderOf, loads } = counted();
  const request = new AbortController();
  const left = loaderOf(request).load(1);
  request.abort(new Error('left'));
  await assert.rejects(left, { message: 'left' });
  await loaderOf({ signal: new AbortController().signal }).load(2);
  assert.deepEqual(loads, [[2]]);
});
