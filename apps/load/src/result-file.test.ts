import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { readResult } from './result-file.ts';
import { resultOf, simulateSeconds } from './run-result.test-support.ts';

const result = resultOf(
  simulateSeconds({ seed: 1, seconds: 3, perSecond: 20 }).map((second) => ({
    ...second,
    failed: 1,
  })),
);

describe('readResult', () => {
  let folder = '';
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'result-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function write(text: string): Promise<string> {
    const path = join(folder, 'result.json');
    await writeFile(path, text);
    return path;
  }

  it('reads back what was written', async () => {
    assert.deepEqual(await readResult(await write(JSON.stringify(result))), result);
  });

  it('says what is wrong with any other file', async () => {
    const { totals, ...without } = result;
    const spoilt = { ...result, slices: [{ ...result.slices[0], histogram: '1.2  3' }] };
    for (const [text, problem] of [
      ['', /no JSON/],
      ['{"a":', /no JSON/],
      ['null', /not a result of headgate-load: the whole/],
      ['[]', /not a result/],
      ['{"name":"package"}', /not a result of headgate-load: version/],
      [JSON.stringify(without), /: totals: /],
      [JSON.stringify(spoilt), /slices\.0\.histogram: is no histogram/],
      [
        JSON.stringify({ ...result, version: 2 }),
        /a result of version 2, and this reads version 1/,
      ],
    ] as const) {
      const path = await write(text);
      await assert.rejects(readResult(path), (error: Error) => {
        assert.ok(error.message.startsWith(`${path}: `));
        assert.match(error.message, problem);
        return true;
      });
    }
    assert.equal(totals.completed, 60);
  });

  it('says when there is no such file', async () => {
    await assert.rejects(
      readResult(join(folder, 'none.json')),
      /none\.json: there is no such file/,
    );
  });
});
