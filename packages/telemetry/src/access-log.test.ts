import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, renameSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { type TestContext, test } from 'node:test';
import { createAccessLog } from './access-log.ts';

function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'access-log-'));
  t.after(() => rmSync(folder, { recursive: true }));
  return folder;
}

function readRecords(file: string): Record<string, unknown>[] {
  const content = readFileSync(file, 'utf8');
  assert.ok(content === '' || content.endsWith('\n'));
  return content
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

/** Runs a script in a process of its own; `log` is an access log to standard output. */
function run(t: TestContext, script: string) {
  const module = JSON.stringify(new URL('./access-log.ts', import.meta.url).href);
  const source = `import { createAccessLog } from ${module};
    const log = createAccessLog('stdout');
    ${script}`;
  const child = spawn(process.execPath, ['--input-type=module', '--eval', source]);
  t.after(() => child.kill('SIGKILL'));
  return child;
}

test('a record becomes one JSON line with the time it was written', async (t) => {
  const file = join(temporaryFolder(t), 'access.log');
  const log = createAccessLog({ file });
  log.write({ method: 'GET', path: '/a"b\n', status: 200, timings: { route: 0.5 } });
  await log.close();
  const [record, ...more] = readRecords(file);
  assert.equal(more.length, 0);
  const { time, ...rest } = record ?? {};
  assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 600_000);
  const fields = { method: 'GET', path: '/a"b\n', status: 200, timings: { route: 0.5 } };
  assert.deepEqual(rest, { log: 'access', ...fields });
});

test('flush writes everything written before it, in order, whatever was under way', async (t) => {
  const file = join(temporaryFolder(t), 'access.log');
  const log = createAccessLog({ file });
  t.after(() => log.close());
  let written = 0;
  for (const count of [1, 7, 500, 3000]) {
    for (let i = 0; i < count; i++) log.write({ n: written++, padding: 'x'.repeat(i % 50) });
    await log.flush();
    const expected = Array.from({ length: written }, (_, n) => n);
    assert.deepEqual(
      readRecords(file).map((record) => record.n),
      expected,
    );
  }
  assert.equal(log.dropped, 0);
});

test('flush also writes what waits behind a batch that is being written', async (t) => {
  const file = join(temporaryFolder(t), 'access.log');
  const log = createAccessLog({ file });
  t.after(() => log.close());
  log.write({ padding: 'x'.repeat(10_000) });
  log.write({ n: 2 });
  await log.flush();
  assert.equal(readRecords(file).length, 2);
});

test('what is there already is kept', async (t) => {
  const file = join(temporaryFolder(t), 'access.log');
  for (const run of [1, 2]) {
    const log = createAccessLog({ file });
    log.write({ run });
    await log.close();
  }
  assert.deepEqual(
    readRecords(file).map((record) => record.run),
    [1, 2],
  );
});

test('after a rotation lines go to the new file, and none is lost', async (t) => {
  const folder = temporaryFolder(t);
  const file = join(folder, 'access.log');
  const log = createAccessLog({ file });
  for (let n = 0; n < 1000; n++) log.write({ n });
  renameSync(file, join(folder, 'access.log.1'));
  log.reopen();
  for (let n = 1000; n < 2000; n++) log.write({ n });
  await log.close();

  const before = readRecords(join(folder, 'access.log.1')).map((record) => record.n);
  const after = readRecords(file).map((record) => record.n);
  assert.deepEqual([before[0], before.at(-1), before.length], [0, 999, 1000]);
  assert.deepEqual([after[0], after.at(-1), after.length], [1000, 1999, 1000]);
});

test('when the file cannot be reopened, that is reported and the old one is kept', async (t) => {
  const folder = temporaryFolder(t);
  const inner = join(folder, 'logs');
  const real = temporaryFolder(t);
  symlinkSync(real, inner);
  const errors: Error[] = [];
  const log = createAccessLog(
    { file: join(inner, 'access.log') },
    { onError: (error) => errors.push(error) },
  );
  rmSync(inner);
  log.reopen();
  assert.match(errors[0]?.message ?? '', /cannot open the log file .*access\.log/);
  log.write({ n: 1 });
  await log.close();
  assert.equal(readRecords(join(real, 'access.log')).length, 1);
});

test('a file that cannot be opened is an error at once, with the name of the file', () => {
  assert.throws(
    () => createAccessLog({ file: '/nowhere/access.log' }),
    /cannot open the log file \/nowhere\/access\.log: ENOENT/,
  );
});

test('after close a record is dropped and counted, and closing again is harmless', async (t) => {
  const log = createAccessLog({ file: join(temporaryFolder(t), 'access.log') });
  await log.close();
  log.write({ late: true });
  log.reopen();
  await log.flush();
  await log.close();
  assert.equal(log.dropped, 1);
});

test('a full disk is reported once, and close says that lines were lost', {
  skip: process.platform !== 'linux' && 'needs /dev/full',
}, async () => {
  const errors: NodeJS.ErrnoException[] = [];
  const log = createAccessLog({ file: '/dev/full' }, { onError: (error) => errors.push(error) });
  log.write({ n: 1 });
  await assert.rejects(log.flush(), { code: 'ENOSPC' });
  log.write({ n: 2 });
  await assert.rejects(log.close(), { code: 'ENOSPC' });
  assert.deepEqual(
    errors.map((error) => error.code),
    ['ENOSPC'],
  );
});

test('standard output gets every line before the process ends by itself', async (t) => {
  const child = run(t, 'for (let n = 0; n < 2000; n++) log.write({ n });');
  const lines = (await text(child.stdout)).trim().split('\n');
  assert.equal(lines.length, 2000);
  assert.equal(JSON.parse(lines[1999] ?? '').n, 1999);
});

test('lines are written when the process exits on purpose', async (t) => {
  const child = run(t, 'log.write({ n: 1 }); process.exit(3);');
  const output = text(child.stdout);
  const [code] = await once(child, 'exit');
  assert.equal(code, 3);
  assert.equal(JSON.parse(await output).n, 1);
});

test('flush works on a pipe', async (t) => {
  const script = "log.write({ n: 1 }); await log.flush(); process.stderr.write('flushed');";
  const child = run(t, `${script} await log.close(); process.stderr.write(' closed');`);
  assert.equal(await text(child.stderr), 'flushed closed');
});

test('a reader that goes away is reported, does no harm, and does not hang close', async (t) => {
  const child = run(
    t,
    `await new Promise((resolve) => process.stdin.once('end', resolve).resume());
    for (let n = 0; n < 1000; n++) log.write({ n });
    await log.flush().catch((error) => console.error('flush', error.code));
    log.write({ late: true });
    console.error('dropped', log.dropped);
    await log.close().catch((error) => console.error('close', error.code));`,
  );
  const errors = text(child.stderr);
  child.stdout.destroy();
  await once(child.stdout, 'close');
  child.stdin.end();
  const [code] = await once(child, 'exit');
  const output = await errors;
  assert.match(output, /flush EPIPE\ndropped 1\n/);
  assert.match(output, /close EPIPE\n/);
  assert.match(output, /Error: EPIPE/, 'the default report is a warning of the process');
  assert.equal(code, 0);
});
