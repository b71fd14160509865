import assert from 'node:assert/strict';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { findBinaries, findPackage } from './binaries.ts';
import { mayReach } from './owner.ts';

const OTHER_USER = { uid: 65534, gid: 65534 };

/** A package with one program and one library, whose links are listed but not made. */
function writePackage(t: TestContext): { readonly installed: string; readonly folder: string } {
  const root = mkdtempSync(join(tmpdir(), 'postgres-binaries-'));
  t.after(() => rmSync(root, { recursive: true }));
  chmodSync(root, 0o755);
  const installed = join(root, 'installed');
  const files = {
    'native/bin/postgres': 'program',
    'native/lib/libpq.so.5.18': 'library',
    'native/pg-symlinks.json': JSON.stringify([
      { source: 'native/lib/libpq.so.5.18', target: 'native/lib/libpq.so.5' },
    ]),
  };
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(installed, name)), { recursive: true });
    writeFileSync(join(installed, name), content, { mode: 0o755 });
  }
  const folder = join(root, 'folder');
  mkdirSync(folder);
  return { installed, folder };
}

test('a package whose install script did not run gets its links in a copy', (t) => {
  const { installed, folder } = writePackage(t);
  const { postgres } = findBinaries(folder, undefined, installed);
  assert.equal(postgres, join(folder, 'package/native/bin/postgres'));
  assert.equal(readFileSync(postgres, 'utf8'), 'program');
  const library = join(folder, 'package/native/lib/libpq.so.5');
  assert.equal(readlinkSync(library), 'libpq.so.5.18');
  assert.equal(readFileSync(library, 'utf8'), 'library');
});

test('a complete package is used where it is', (t) => {
  const { installed, folder } = writePackage(t);
  writeFileSync(join(installed, 'native/lib/libpq.so.5'), 'library');
  const { postgres } = findBinaries(folder, undefined, installed);
  assert.equal(postgres, join(installed, 'native/bin/postgres'));
});

test('a folder is reached only when everybody may pass every folder above it', (t) => {
  const { installed } = writePackage(t);
  assert.equal(mayReach(OTHER_USER, join(installed, 'native')), true);
  chmodSync(installed, 0o700);
  assert.equal(mayReach(OTHER_USER, join(installed, 'native')), false);
  assert.equal(mayReach(undefined, join(installed, 'native')), true);
});

test('a package the server could not reach is copied to where it can', (t) => {
  if (process.getuid?.() !== 0) return t.skip('only root gives files away');
  const { installed, folder } = writePackage(t);
  writeFileSync(join(installed, 'native/lib/libpq.so.5'), 'library');
  chmodSync(installed, 0o700);
  const { postgres } = findBinaries(folder, OTHER_USER, installed);
  assert.equal(postgres, join(folder, 'package/native/bin/postgres'));
});

test('a machine without a package is told what to do instead', () => {
  assert.throws(() => findPackage('aix', 'ppc64'), /aix-ppc64.*DATABASE_URL/);
});
