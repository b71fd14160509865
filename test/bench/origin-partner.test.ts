import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { eventually } from '../support/eventually.ts';
import { startProgram } from '../support/program.ts';
import { createPortFinder } from './free-ports.ts';
import { startCountingPartner } from './origin-partner.ts';

const sampleMain = fileURLToPath(new URL('../../apps/partner/src/main.ts', import.meta.url));

test('the partner of the contest answers as the sample partner does: the same fields, as much text', async (t) => {
  await using partner = await startCountingPartner({
    ports: createPortFinder(Math.random),
    signal: t.signal,
  });
  await using sample = startProgram(process.execPath, [sampleMain], { env: { PORT: '0' } });
  const [, sampleUrl = ''] = await sample.says(/listening on (http:\S+)/);
  for (const path of ['/posts/:id', '/posts/:id/comments']) {
    let [ourBytes, sampleBytes] = [0, 0];
    for (const id of [1, 7, 12_345, 999_999]) {
      const ours = await readText(partner.url + path.replace(':id', `${id}`));
      const theirs = await readText(sampleUrl + path.replace(':id', `${id}`));
      ourBytes += ours.length;
      sampleBytes += theirs.length;
      assert.deepEqual(shapeOf(JSON.parse(ours)), shapeOf(JSON.parse(theirs)));
    }
    const ratio = ourBytes / sampleBytes;
    assert.ok(ratio > 0.9 && ratio < 1.1, `${path}: ${ourBytes} bytes beside ${sampleBytes}`);
  }
});

test('it counts what it answers, and holds what it is to hold until it is told', async (t) => {
  await using partner = await startCountingPartner({
    ports: createPortFinder(Math.random),
    signal: t.signal,
  });
  await readText(`${partner.url}/posts/1`);
  const waiting = readText(`${partner.url}/held/a/1`);
  await eventually(async () => assert.deepEqual(await partner.counts(), { answered: 1, held: 1 }));
  await partner.release();
  assert.deepEqual(JSON.parse(await waiting), { target: '/held/a/1' });
  assert.deepEqual(await partner.counts(), { answered: 2, held: 0 });
});

async function readText(url: string): Promise<string> {
  const answer = await fetch(url);
  assert.equal(answer.status, 200, url);
  return answer.text();
}

/** Fields and the types of their values. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shapeOf);
  if (typeof value !== 'object' || value === null) return typeof value;
  return Object.entries(value).map(([field, inner]) => [field, shapeOf(inner)]);
}
