import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { editDistance, nearest } from './nearest.ts';

const settings = ['policy', 'upstreams', 'healthCheck', 'timeout', 'maxConnections'];

test('typing slips find the setting that was meant', () => {
  assert.equal(nearest('polcy', settings), 'policy');
  assert.equal(nearest('upstream', settings), 'upstreams');
  assert.equal(nearest('healthcheck', settings), 'healthCheck');
  assert.equal(nearest('health_check', settings), 'healthCheck');
  assert.equal(nearest('tiemout', settings), 'timeout');
  assert.equal(nearest('max-conections', settings), 'maxConnections');
});

test('a word that resembles nothing gets no suggestion', () => {
  assert.equal(nearest('color', settings), undefined);
  assert.equal(nearest('x', ['y', 'ab']), undefined);
  assert.equal(nearest('policy', []), undefined);
});

test('a swap of neighbours is one edit', () => {
  assert.equal(editDistance('ab', 'ba'), 1);
  assert.equal(editDistance('kitten', 'sitting'), 3);
  assert.equal(editDistance('', 'abc'), 3);
});

test('distance is symmetric, zero only for equals, and at most the longer length', () => {
  const word = fc.string({ maxLength: 12 });
  fc.assert(
    fc.property(word, word, (a, b) => {
      const distance = editDistance(a, b);
      assert.equal(distance, editDistance(b, a));
      assert.equal(distance === 0, a === b);
      assert.ok(distance >= Math.abs(a.length - b.length));
      assert.ok(distance <= Math.max(a.length, b.length));
    }),
  );
});

test('one slip in a long name always finds that name again', () => {
  fc.assert(
    fc.property(fc.constantFrom(...settings), fc.nat(), fc.nat(2), (name, seed, slip) => {
      const index = seed % (name.length - 1);
      const [head, tail] = [name.slice(0, index), name.slice(index)];
      const swapped = `${head}${tail[1]}${tail[0]}${tail.slice(2)}`;
      const typed = [head + tail.slice(1), `${head}x${tail}`, swapped][slip] ?? name;
      assert.equal(nearest(typed, settings), name);
    }),
  );
});
