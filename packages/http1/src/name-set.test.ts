import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { NameSet } from './name-set.ts';

describe('a set of names', () => {
  it('finds its names inside a text, in any case', () => {
    const set = new NameSet(['host', 'x-request-id']);
    const text = 'HoSt: a\r\nX-Request-ID: b\r\n';
    assert.equal(set.indexOf(text, 0, 4), 0);
    assert.equal(set.indexOf(text, 9, 21), 1);
    assert.equal(set.indexOf(text, 0, 3), -1);
    assert.equal(set.indexOf(text, 0, 0), -1);
  });

  it('agrees with a plain set about all names, whatever collides', () => {
    const name = fc.stringMatching(/^[a-c^~-]{1,4}$/);
    fc.assert(
      fc.property(fc.uniqueArray(name, { maxLength: 128 }), name, (names, wanted) => {
        const set = new NameSet(names);
        for (const [i, own] of names.entries()) {
          assert.equal(set.indexOf(`>${own.toUpperCase()}<`, 1, own.length + 1), i);
        }
        assert.equal(set.indexOf(wanted, 0, wanted.length), names.indexOf(wanted));
      }),
    );
  });

  it('takes no names it could never find', () => {
    for (const name of ['', 'Host', 'a b', 'n\xe4me', 'a:']) {
      assert.throws(() => new NameSet([name]), RangeError, name);
    }
    assert.throws(() => new NameSet(Array.from({ length: 129 }, (_, i) => `n${i}`)), /129 names/);
  });
});
