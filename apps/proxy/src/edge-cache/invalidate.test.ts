import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { fieldsOf } from '../fields.test-support.ts';
import { invalidatedTargets, invalidates } from './invalidate.ts';

function targets(...lines: string[]) {
  return invalidatedTargets(
    fieldsOf(...lines),
    { proto: 'http', host: 'A.example:80' },
    '/dir/item',
  );
}

describe('what makes a stored answer void', () => {
  it('is success with a method that may change something', () => {
    for (const method of ['POST', 'PUT', 'DELETE', 'PATCH', 'M-SEARCH', 'get']) {
      assert.equal(invalidates(method, 200), true, method);
      assert.equal(invalidates(method, 303), true, method);
      assert.equal(invalidates(method, 404), false, method);
      assert.equal(invalidates(method, 500), false, method);
    }
  });

  it('is no method that is known to be safe', () => {
    for (const method of ['GET', 'HEAD', 'OPTIONS', 'TRACE', 'QUERY', 'PROPFIND']) {
      assert.equal(invalidates(method, 200), false, method);
    }
  });
});

describe('what else is void', () => {
  it('is where the answer points, as requests for it would say', () => {
    assert.deepEqual(targets('Location: /a/../b?x=%7e', 'Content-Location: other'), [
      { path: '/b', query: '?x=%7e' },
      { path: '/dir/other', query: '' },
    ]);
    assert.deepEqual(targets('Location: http://a.EXAMPLE/%7euser?'), [
      { path: '/~user', query: '' },
    ]);
    assert.deepEqual(targets('Content-Location:'), [{ path: '/dir/item', query: '' }]);
  });

  it('is nothing on another origin', () => {
    for (const there of [
      'https://a.example/',
      'http://b.example/',
      '//b.example/',
      'http://a.example:81/',
      'data:x',
      'http://',
    ]) {
      assert.deepEqual(targets(`Location: ${there}`), [], there);
    }
  });

  it('is nothing but paths, wherever an answer points', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('/', '.', '?', '#', '%', 'a', ':', '@', '\\', 'ÿ') }),
        (text) => {
          for (const { path, query } of targets(`Location: ${text}`)) {
            assert.match(path, /^\/[^?#]*$/);
            assert.match(query, /^(\?.*)?$/);
          }
        },
      ),
    );
  });
});
