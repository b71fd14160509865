import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { readAdminToken } from './token.ts';

const address = '127.0.0.1:9090';

/** The path of a config beside a file `token` that has `text`; all is removed after the test. */
async function beside(t: TestContext, text: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-token-'));
  t.after(() => rm(folder, { recursive: true, force: true }));
  await writeFile(join(folder, 'token'), text);
  return join(folder, 'headgate.yaml');
}

describe('the token for changes', () => {
  it('is none without a section or a setting', async () => {
    assert.equal(await readAdminToken(undefined, 'a.yaml'), undefined);
    assert.equal(await readAdminToken({ address }, 'a.yaml'), undefined);
  });

  it('is what the configuration says', async () => {
    const token = 'correct-horse-battery';
    assert.equal(await readAdminToken({ address, token }, 'a.yaml'), token);
  });

  it('is what a file beside the configuration has, without the end of its line', async (t) => {
    const config = await beside(t, 'correct-horse-battery\n');
    assert.equal(
      await readAdminToken({ address, tokenFile: 'token' }, config),
      'correct-horse-battery',
    );
  });

  for (const text of ['', 'short\n', 'two lines of\ntext that is long enough\n']) {
    it(`is not ${JSON.stringify(text)}`, async (t) => {
      const config = await beside(t, text);
      await assert.rejects(
        readAdminToken({ address, tokenFile: 'token' }, config),
        /token \(admin\.tokenFile\) has no token: expected at least 16/,
      );
    });
  }

  it('cannot be in a file that is not there', async (t) => {
    const config = await beside(t, '');
    await assert.rejects(
      readAdminToken({ address, tokenFile: './other' }, config),
      /other \(admin\.tokenFile\) cannot be read: there is no such file/,
    );
  });
});
