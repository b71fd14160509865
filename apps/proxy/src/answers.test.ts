import assert from 'node:assert/strict';
import { test } from 'node:test';
import { answersOf } from './answers.ts';
import type { EffectiveConfig } from './config.ts';
import type { RunningEdge } from './edge.ts';

const [first, second, third] = [{}, {}, {}] as [EffectiveConfig, EffectiveConfig, EffectiveConfig];

/** Begins with what it is told to apply, and is done with it when the test says so. */
function slowEdge() {
  const begun: EffectiveConfig[] = [];
  const ends: PromiseWithResolvers<void>[] = [];
  const edge = {
    apply(config: EffectiveConfig) {
      begun.push(config);
      const end = Promise.withResolvers<void>();
      ends.push(end);
      return end.promise;
    },
  } as unknown as RunningEdge;
  return { edge, begun, ends };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

test('a configuration is begun when the one before is in force', async () => {
  const { edge, begun, ends } = slowEdge();
  const answers = answersOf(edge);
  const answered = [answers.apply(first), answers.apply(second)];
  await turn();
  assert.deepEqual(begun.length, 1);
  assert.equal(begun[0], first);
  ends[0]?.resolve();
  await answered[0];
  await turn();
  assert.equal(begun[1], second);
  ends[1]?.resolve();
  await answered[1];
});

test('a configuration that cannot be applied keeps none that comes later', async () => {
  const { edge, begun, ends } = slowEdge();
  const answers = answersOf(edge);
  const refused = answers.apply(first);
  const applied = answers.apply(third);
  await turn();
  ends[0]?.reject(new Error('the port is in use'));
  await assert.rejects(refused, /in use/);
  await turn();
  assert.equal(begun[1], third);
  ends[1]?.resolve();
  await applied;
});
