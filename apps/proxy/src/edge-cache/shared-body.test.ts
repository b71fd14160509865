import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Reader } from './reader.ts';
import { isAnyBehind, SharedBody } from './shared-body.ts';

function readerAt(nextChunk: number, isBehind = false): Reader {
  return { nextChunk, isBehind } as Reader;
}

function textOf({ body }: SharedBody): string {
  return body.chunks.map(String).join('');
}

test('what was added stays as it was when the memory it came in is used again', () => {
  for (const sizeBytes of [undefined, 6]) {
    const shared = new SharedBody(sizeBytes);
    const read = Buffer.from('one');
    shared.add(read);
    read.write('two');
    shared.add(read);
    assert.equal(textOf(shared), 'onetwo');
    assert.equal(shared.body.isComplete, false);
    shared.complete();
    assert.equal(shared.body.isComplete, true);
    assert.equal(shared.sizeBytes, 6);
    assert.equal(shared.join().toString(), 'onetwo');
  }
});

test('a body of known length is held in one piece from the start', () => {
  const shared = new SharedBody(6);
  assert.equal(shared.sizeBytes, 6);
  shared.add(Buffer.from('one'));
  shared.add(Buffer.from('two'));
  shared.complete();
  const whole = shared.join();
  assert.ok(shared.body.chunks.every(({ buffer }) => buffer === whole.buffer));
});

test('a body may be empty', () => {
  for (const sizeBytes of [undefined, 0]) {
    const shared = new SharedBody(sizeBytes);
    shared.complete();
    assert.equal(shared.sizeBytes, 0);
    assert.equal(shared.join().length, 0);
  }
});

test('what the slowest reader has is let go of, and numbers stay', () => {
  const shared = new SharedBody(undefined);
  for (const text of ['a', 'b', 'c', 'd']) shared.add(Buffer.from(text));
  shared.dropRead([readerAt(3), readerAt(2)]);
  assert.equal(textOf(shared), 'cd');
  assert.equal(shared.body.dropped, 2);
  shared.dropRead([readerAt(1)]);
  assert.equal(textOf(shared), 'cd', 'what is gone is gone');
  shared.dropRead([]);
  assert.equal(textOf(shared), 'cd', 'nobody has read anything');
  shared.dropRead([readerAt(4)]);
  assert.equal(textOf(shared), '');
  shared.add(Buffer.from('e'));
  assert.equal(shared.body.dropped + shared.body.chunks.length, 5);
  assert.equal(shared.body.sizeBytes, 5, 'of all that has come');
});

test('one reader that is behind is enough to wait for', () => {
  assert.equal(isAnyBehind([]), false);
  assert.equal(isAnyBehind([readerAt(0)]), false);
  assert.equal(isAnyBehind([readerAt(0), readerAt(0, true)]), true);
});
