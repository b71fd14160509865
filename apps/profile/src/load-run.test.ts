import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { warningsOf } from './load-run.ts';

async function warningsFor(text: string | undefined): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-profile-'));
  try {
    const file = join(folder, 'load.json');
    if (text !== undefined) await writeFile(file, text);
    return warningsOf(file).join('\n');
  } finally {
    await rm(folder, { recursive: true });
  }
}

const resultWith = (saturatedSlices: number) =>
  JSON.stringify({ end: 'complete', totals: { saturatedSlices }, slices: [{}, {}, {}] });

test('a generator that kept up is no warning', async () => {
  assert.equal(await warningsFor(resultWith(0)), '');
});

test('a saturated generator is a warning', async () => {
  assert.match(await warningsFor(resultWith(2)), /saturated in 2 of 3 seconds/);
});

test('a result that is not there, or cut, is a warning', async () => {
  assert.match(await warningsFor(undefined), /left no result/);
  assert.match(await warningsFor('{"totals":'), /left no result/);
});
