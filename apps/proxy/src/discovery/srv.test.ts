import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { type SrvTarget, type UsedTarget, usedTargets } from './srv.ts';

function target(name: string, weight: number, priority = 1): SrvTarget {
  return { name, port: 80, priority, weight };
}

/** Every name has one address, but those in `without` none. */
function used(targets: readonly SrvTarget[], ...without: string[]): Record<string, number> {
  const find = (name: string) => (without.includes(name) ? [] : [name]);
  const all = usedTargets(targets, find);
  return Object.fromEntries(all.map(({ addresses, weight }) => [addresses[0], weight]));
}

describe('the targets of SRV records', () => {
  it('get weights in their proportions, with the mean 1', () => {
    assert.deepEqual(used([target('a', 30), target('b', 10)]), { a: 1.5, b: 0.5 });
    assert.deepEqual(used([target('a', 7), target('b', 7)]), { a: 1, b: 1 });
  });

  it('are alike when none has a weight', () => {
    assert.deepEqual(used([target('a', 0), target('b', 0)]), { a: 1, b: 1 });
  });

  it('get hardly anything with weight 0 beside others, but not nothing', () => {
    const { a = 0, b = 0 } = used([target('a', 10), target('b', 0)]);
    assert.ok(b > 0 && b < a / 50, `${a} and ${b}`);
  });

  it('are those of the lowest priority only', () => {
    assert.deepEqual(used([target('a', 1, 5), target('b', 1, 10)]), { a: 1 });
  });

  it('are those of the next priority when none of the lowest has an address', () => {
    const targets = [target('a', 1, 5), target('b', 1, 5), target('c', 1, 10), target('d', 1, 20)];
    assert.deepEqual(used(targets, 'a'), { b: 1 });
    assert.deepEqual(used(targets, 'a', 'b'), { c: 1 });
    assert.deepEqual(used(targets, 'a', 'b', 'c', 'd'), {});
  });

  it('share what they get among their addresses', () => {
    const addresses: Record<string, string[]> = { a: ['1', '2'], b: ['3'] };
    const all = usedTargets([target('a', 1), target('b', 1)], (name) => addresses[name] ?? []);
    assert.deepEqual(all, [
      { addresses: ['1', '2'], port: 80, weight: 0.5 },
      { addresses: ['3'], port: 80, weight: 1 },
    ] satisfies UsedTarget[]);
  });

  it('all get more than nothing, whatever the records say', () => {
    const any = fc.record({
      name: fc.constantFrom('a', 'b', 'c'),
      port: fc.nat(65_535),
      priority: fc.nat(3),
      weight: fc.nat(65_535),
    });
    fc.assert(
      fc.property(fc.array(any), (targets) => {
        const all = usedTargets(targets, (name) => (name === 'c' ? [] : [name]));
        for (const { weight } of all) assert.ok(weight > 0 && Number.isFinite(weight));
      }),
    );
  });
});
