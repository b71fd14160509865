import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { watchFile } from './watch-file.ts';

interface Watched {
  readonly directory: string;
  readonly path: string;
  /** Calls so far. */
  readonly calls: () => number;
  /** Resolves at the call after those so far. */
  change(act: () => void): Promise<void>;
  stop(): void;
}

function createWatched(t: TestContext, prepare: (directory: string) => void): Watched {
  const directory = mkdtempSync(join(tmpdir(), 'headgate-watch-'));
  const life = new AbortController();
  t.after(() => {
    life.abort();
    rmSync(directory, { recursive: true });
  });
  prepare(directory);
  const path = join(directory, 'list.json');
  let calls = 0;
  let wake = () => {};
  watchFile(
    path,
    () => {
      calls++;
      wake();
    },
    life.signal,
  );
  return {
    directory,
    path,
    calls: () => calls,
    change(act) {
      const { promise, resolve } = Promise.withResolvers<void>();
      wake = resolve;
      act();
      return promise;
    },
    stop: () => life.abort(),
  };
}

describe('a watched file', { timeout: 60_000 }, () => {
  const write = (text: string) => (directory: string) =>
    writeFileSync(join(directory, 'list.json'), text);

  it('is noticed when it is edited', async (t) => {
    const { path, change } = createWatched(t, write('1'));
    await change(() => writeFileSync(path, '2'));
    await change(() => writeFileSync(path, '3'));
  });

  it('is noticed when another file takes its place', async (t) => {
    const { directory, path, change } = createWatched(t, write('1'));
    const next = join(directory, 'next');
    writeFileSync(next, '2');
    await change(() => renameSync(next, path));
  });

  it('is noticed when it comes, goes and comes back', async (t) => {
    const { path, change } = createWatched(t, () => {});
    await change(() => writeFileSync(path, '1'));
    await change(() => rmSync(path));
    await change(() => writeFileSync(path, '1'));
  });

  it('is noticed when the directory it is in is swapped by its symlink', async (t) => {
    // As Kubernetes mounts a ConfigMap: list.json → ..data/list.json, ..data → a directory.
    const { directory, change } = createWatched(t, (root) => {
      mkdirSync(join(root, '..1'));
      writeFileSync(join(root, '..1', 'list.json'), 'one');
      symlinkSync('..1', join(root, '..data'));
      symlinkSync(join('..data', 'list.json'), join(root, 'list.json'));
    });
    mkdirSync(join(directory, '..2'));
    writeFileSync(join(directory, '..2', 'list.json'), 'two');
    symlinkSync('..2', join(directory, '..data_tmp'));
    await change(() => renameSync(join(directory, '..data_tmp'), join(directory, '..data')));
  });

  it('is noticed behind a symlink to another directory, where nothing is watched', async (t) => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'headgate-elsewhere-'));
    t.after(() => rmSync(elsewhere, { recursive: true }));
    writeFileSync(join(elsewhere, 'list.json'), '1');
    const { change } = createWatched(t, (root) =>
      symlinkSync(join(elsewhere, 'list.json'), join(root, 'list.json')),
    );
    await change(() => writeFileSync(join(elsewhere, 'list.json'), '22'));
  });

  it('is told of once for several writes in a row', async (t) => {
    const { path, change, calls } = createWatched(t, write('1'));
    await change(() => {
      for (let i = 0; i < 20; i++) writeFileSync(path, String(i).repeat(i));
    });
    assert.equal(calls(), 1);
  });

  it('is not told of while it stays, nor because of its neighbours', async (t) => {
    const { directory, path, change, calls } = createWatched(t, write('1'));
    writeFileSync(join(directory, 'neighbour'), '1');
    await sleep(1_300);
    assert.equal(calls(), 0);
    await change(() => writeFileSync(path, '2'));
    assert.equal(calls(), 1);
  });

  it('is not looked at any more after the end', async (t) => {
    const { path, stop, calls } = createWatched(t, write('1'));
    writeFileSync(path, '2');
    stop();
    await sleep(1_300);
    assert.equal(calls(), 0);
  });

  it('may be in a directory that is not there', async (t) => {
    const directory = mkdtempSync(join(tmpdir(), 'headgate-watch-'));
    const life = new AbortController();
    t.after(() => {
      life.abort();
      rmSync(directory, { recursive: true });
    });
    const path = join(directory, 'later', 'list.json');
    const noticed = new Promise<void>((resolve) => watchFile(path, resolve, life.signal));
    mkdirSync(join(directory, 'later'));
    writeFileSync(path, '1');
    await noticed;
  });
});
