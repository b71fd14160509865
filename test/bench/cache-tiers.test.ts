import assert from 'node:assert/strict';
import { test } from 'node:test';
import { skipWithoutRedis as skip } from '../support/redis-server.ts';
import { runCacheTiers } from './cache-tiers.ts';
import { parseCacheTiersCommand } from './cache-tiers-command-line.ts';

const parse = (line: string) => parseCacheTiersCommand(line.split(' ').filter(Boolean));

test('the command line has defaults, and says what would be right', () => {
  assert.deepEqual(parse(''), {
    contest: 'cache-tiers',
    rounds: 9,
    calls: 100_000,
    jsonFile: undefined,
  });
  const { rounds, calls, jsonFile } = parse('--quick --json out.json');
  assert.deepEqual([rounds, calls, jsonFile], [1, 2_000, 'out.json']);
  assert.throws(() => parse('--rounds 0'), /--rounds 0: expected a whole number from 1 to 100/);
  assert.throws(() => parse('--calls 1.5'), /--calls 1\.5: expected a whole number from 100/);
  assert.throws(() => parse('--quick --calls 100'), /leave out --calls/);
});

test('a quick run measures every kind of call, and one load for all', { skip }, async () => {
  const printed: string[] = [];
  const record = await runCacheTiers(parse('--quick'), {
    folder: '',
    signal: new AbortController().signal,
    print: (text) => printed.push(text),
  });
  const figures = Object.entries(record.callUs);
  assert.equal(figures.length, 6);
  for (const [kind, us] of figures) {
    assert.equal(us.length, 1, kind);
    assert.ok((us[0] ?? 0) > 0, kind);
    assert.ok(printed.some((text) => text.includes(kind)));
  }
  assert.deepEqual(
    record.stampedes.map(({ loads }) => loads),
    [1],
  );
  assert.deepEqual(JSON.parse(JSON.stringify(record)).stampedes, record.stampedes);
});
