import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commentsOf, maxId, postOf, userOf } from './data.ts';

test('the same id gives the same data in every process', () => {
  assert.deepEqual(
    { userId: postOf(7).userId, title: postOf(7).title },
    { userId: 963742, title: 'ocean ember north basin kelp' },
  );
  assert.equal(commentsOf(7)[0]?.email, 'leslie.31@example.com');
});

test('ids differ in their data, and no comment id is used twice', () => {
  const titles = new Set(Array.from({ length: 1000 }, (_, index) => postOf(index + 1).title));
  assert.ok(titles.size > 990, String(titles.size));
  const ids = [...commentsOf(1), ...commentsOf(2)].map(({ id }) => id);
  assert.equal(new Set(ids).size, 10);
});

test('every post has an author and comments that can be asked for', () => {
  for (const id of [1, 2, 500_000, maxId]) {
    const { userId } = postOf(id);
    assert.ok(Number.isInteger(userId) && userId >= 1 && userId <= maxId);
    assert.equal(userOf(userId).id, userId);
    assert.deepEqual(new Set(commentsOf(id).map(({ postId }) => postId)), new Set([id]));
  }
});
