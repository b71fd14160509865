import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type TestContext, test } from 'node:test';
import { createLogger, type LoggerOptions } from './logger.ts';

function logged(t: TestContext, options: Pick<LoggerOptions, 'level'>) {
  const folder = mkdtempSync(join(tmpdir(), 'logger-'));
  t.after(() => rmSync(folder, { recursive: true }));
  const file = join(folder, 'app.log');
  const logger = createLogger({ name: 'items', destination: { file }, ...options });
  const lines = (): Record<string, unknown>[] =>
    readFileSync(file, 'utf8')
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line));
  return { logger, lines };
}

test('a line has level, time, name, process id, message and fields, and is written at once', (t) => {
  const { logger, lines } = logged(t, {});
  logger.info('100 %s listening', { port: 8080 });
  const { time, ...rest } = lines()[0] ?? {};
  assert.ok(Math.abs(Date.parse(String(time)) - Date.now()) < 600_000);
  assert.deepEqual(rest, {
    level: 'info',
    name: 'items',
    pid: process.pid,
    port: 8080,
    msg: '100 %s listening',
  });
});

test('levels below the chosen one are left out', (t) => {
  const cases = { debug: 4, info: 3, warn: 2, error: 1, silent: 0 } as const;
  for (const [level, expected] of Object.entries(cases)) {
    const { logger, lines } = logged(t, { level: level as keyof typeof cases });
    logger.debug('x');
    logger.info('x');
    logger.warn('x');
    logger.error('x');
    assert.equal(lines().length, expected, level);
  }
});

test('an error is written with its stack and its cause', (t) => {
  const { logger, lines } = logged(t, {});
  const cause = new Error('connection refused');
  logger.error('request failed', { error: new TypeError('fetch failed', { cause }) });
  const [line] = lines();
  assert.equal(line?.msg, 'request failed');
  const { type, stack } = line.error as Record<string, string>;
  assert.equal(type, 'TypeError');
  assert.match(stack ?? '', /TypeError: fetch failed[\s\S]*connection refused/);
});

test('without a destination, standard error is used and standard output is left alone', () => {
  const module = JSON.stringify(new URL('./logger.ts', import.meta.url).href);
  const source = `import { createLogger } from ${module};
    createLogger({ name: 'items' }).warn('careful');
    createLogger({ name: 'items', destination: 'stdout' }).warn('out');
    process.kill(process.pid, 'SIGKILL');`;
  const args = ['--input-type=module', '--eval', source];
  const { stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  assert.equal(JSON.parse(stderr).msg, 'careful');
  assert.equal(JSON.parse(stdout).msg, 'out');
});
