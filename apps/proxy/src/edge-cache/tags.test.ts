import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FieldLines, fieldLine } from '@headgate/http1';
import { fieldsOf } from '../fields.test-support.ts';
import { readTags } from './tags.ts';
import { fieldsOf as storedFields } from './text-fields.ts';

describe('the tags of an answer', () => {
  it('are those of both fields, each once', () => {
    const fields = fieldsOf(
      'Surrogate-Key: items  item-1\tx',
      'cache-tag: items, a b ,, c',
      'Surrogate-Key: item-2',
    );
    assert.deepEqual(readTags(fields), ['items', 'item-1', 'x', 'a b', 'c', 'item-2']);
  });

  it('may have commas in Surrogate-Key', () => {
    assert.deepEqual(readTags(fieldsOf('Surrogate-Key: a,b')), ['a,b']);
  });

  it('are none where none are said', () => {
    assert.deepEqual(readTags(fieldsOf('A: b', 'Surrogate-Key:', 'Cache-Tag: ,')), []);
  });

  it('are no more than 256, and none is longer than 256 bytes', () => {
    const many = Array.from({ length: 300 }, (_, i) => `t${i}`).join(' ');
    const lines = (fieldLine('cache-tag', `${'x'.repeat(257)},${'y'.repeat(256)}`) +
      fieldLine('surrogate-key', many)) as FieldLines;
    const tags = readTags(storedFields(lines));
    assert.equal(tags.length, 256);
    assert.deepEqual(tags.slice(0, 2), ['y'.repeat(256), 't0']);
  });
});
