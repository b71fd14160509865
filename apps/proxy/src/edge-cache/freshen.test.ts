import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fieldsOf } from '../fields.test-support.ts';
import { freshenLines, isConfirmation } from './freshen.ts';

function freshened(stored: readonly string[], update: readonly string[]): string[] {
  const lines = freshenLines(fieldsOf(...stored).endToEnd(), fieldsOf(...update));
  return lines.split('\r\n').slice(0, -1).sort();
}

describe('a stored answer that is confirmed', () => {
  it('has the fields of the confirmation, and its own where that has none', () => {
    const stored = ['A: 1', 'B: 2', 'Cache-Control: max-age=1', 'ETag: "x"'];
    const update = ['b: 3', 'B: 4', 'Cache-Control: max-age=3600', 'C: 5', 'Age: 7'];
    assert.deepEqual(freshened(stored, update), [
      'A: 1',
      'Age: 7',
      'B: 4',
      'C: 5',
      'Cache-Control: max-age=3600',
      'ETag: "x"',
      'b: 3',
    ]);
  });

  it('keeps what says how its bytes are coded', () => {
    const stored = ['Content-Encoding: gzip', 'Content-Type: text/plain', 'Content-Foo: 1'];
    const update = [
      'Content-Encoding: br',
      'Content-Type: text/html',
      'Content-Length: 10',
      'Content-Range: x',
      'Content-Foo: 2',
    ];
    assert.deepEqual(freshened(stored, update), [
      'Content-Encoding: gzip',
      'Content-Foo: 2',
      'Content-Type: text/html',
    ]);
  });

  it('takes over nothing that is for one hop or for one client', () => {
    const update = [
      'Connection: X',
      'X: 2',
      'Keep-Alive: 1',
      'Set-Cookie: a=b',
      'Proxy-Authenticate: x',
    ];
    assert.deepEqual(freshened(['X: 1'], update), ['X: 1']);
  });

  it('is as old as its confirmation', () => {
    assert.deepEqual(freshened(['Date: then'], ['Date: now']), ['Date: now']);
    assert.deepEqual(freshened(['Date: then'], []), []);
  });
});

describe('whether a 304 is about what is stored', () => {
  const is = (stored: string | undefined, ...update: string[]) =>
    isConfirmation(stored, fieldsOf(...update));

  it('shows by a strong validator, which has to be the same', () => {
    assert.equal(is('"a"', 'ETag: "a"'), true);
    assert.equal(is('"a"', 'ETag: "b"'), false);
    assert.equal(is(undefined, 'ETag: "b"'), false);
  });

  it('is taken for granted without one', () => {
    assert.equal(is('"a"'), true);
    assert.equal(is('"a"', 'ETag: W/"b"'), true);
  });
});
