import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fieldValue } from './wire-fields.ts';

const head =
  'HTTP/1.1 200 retry-after: 9\r\nContent-Type: text/plain\r\nX-Empty:\r\nvary:\t a \t\r\nx-a: 1\r\nVARY: b: c\r\n\r\n';

test('a field is found by its lower-case name, whatever its case in the answer', () => {
  assert.equal(fieldValue(head, 'content-type'), 'text/plain');
  assert.equal(fieldValue(head, 'x-a'), '1');
});

test('values lose the blanks around them, and those of repeated fields are joined', () => {
  assert.equal(fieldValue(head, 'vary'), 'a, b: c');
  assert.equal(fieldValue(head, 'x-empty'), '');
});

test('what is no field is not found', () => {
  for (const name of ['content', 'a', 'x-', 'retry-after', 'http/1.1 200 retry-after', '', ' b']) {
    assert.equal(fieldValue(head, name), undefined, name);
  }
  assert.equal(fieldValue('HTTP/1.1 204 No Content\r\n\r\n', 'a'), undefined);
});
