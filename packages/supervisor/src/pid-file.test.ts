import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { removePidFile, writePidFile } from './pid-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'pid-file-'));
after(() => rmSync(folder, { recursive: true }));

test('a successor writes over the file, and its predecessor leaves it alone', () => {
  const file = join(folder, 'headgate.pid');
  writePidFile(file, 41);
  writePidFile(file, 42);
  assert.equal(readFileSync(file, 'utf8'), '42\n');
  removePidFile(file, 41);
  assert.ok(existsSync(file));
  removePidFile(file, 42);
  removePidFile(file, 42);
  assert.deepEqual(readdirSync(folder), []);
});

test('a file that cannot be written is named', () => {
  const file = join(folder, 'nowhere', 'headgate.pid');
  assert.throws(() => writePidFile(file, 41), {
    message: new RegExp(`^the pid file ${file} cannot be written; its folder must exist`),
  });
});
