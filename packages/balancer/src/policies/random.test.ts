import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createUpstream } from '../upstream.ts';
import { createRandom, drawByWeight } from './random.ts';

test('the number drawn decides, by weight', () => {
  const [a, b, c] = [1, 2, 1].map((weight, i) => createUpstream({ key: 'abc'.charAt(i), weight }));
  assert.ok(a && b && c);
  const { pick } = createRandom();
  const drawn = [0, 0.24, 0.25, 0.74, 0.75, 0.999].map((value) => pick([a, b, c], () => value).key);
  assert.deepEqual(drawn, ['a', 'a', 'b', 'b', 'c', 'c']);
});

test('load plays no part', () => {
  const busy = Object.assign(createUpstream({ key: 'busy' }), { inFlight: 1000 });
  const free = createUpstream({ key: 'free' });
  assert.equal(
    createRandom().pick([busy, free], () => 0.1),
    busy,
  );
});

test('property: the excepted one is never drawn, however the weights round', () => {
  const weights = fc.array(fc.double({ min: 1e-9, max: 1e9, noNaN: true }), {
    minLength: 2,
    maxLength: 10,
  });
  const largest = 1 - Number.EPSILON / 2;
  const value = fc.oneof(fc.constant(largest), fc.double({ min: 0, max: largest, noNaN: true }));
  fc.assert(
    fc.property(weights, value, fc.nat(), (list, drawn, index) => {
      const upstreams = list.map((weight, i) => createUpstream({ key: `u${i}`, weight }));
      const except = upstreams[index % upstreams.length];
      assert.ok(except);
      const picked = drawByWeight(upstreams, () => drawn, except);
      assert.ok(upstreams.includes(picked) && picked !== except);
    }),
  );
});
