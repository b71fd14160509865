import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeResults } from './results.ts';
import { profileOf } from './sample-profile.test-support.ts';
import { topText } from './top-text.ts';

const info = { sizeChars: 1, cpuMs: 500, durationMs: 1000, nodeVersion: 'v26.1.0' };

function resultsOf(...stacks: [string[], number][]) {
  const taken = { pid: 12, name: 'items', json: JSON.stringify(profileOf(stacks)), info };
  const about = { folder: '/app', takenAt: '2026-01-02T03:04:05.000Z', intervalUs: 1000 };
  return makeResults([taken], about);
}

test('processes, functions and files are tables, by self time', () => {
  const text = topText(
    resultsOf(
      [['(idle)'], 600_000],
      [['main file:///app/src/main.ts', 'a|b file:///app/src/hot.ts'], 300_000],
      [['(garbage collector)'], 100_000],
    ),
  );
  assert.equal(
    text,
    `# CPU profile

2026-01-02T03:04:05.000Z, a sample each 1000 µs.

| process | pid | Node    |  time | event loop |     GC |   idle |  CPU | samples |
| ------- | --: | ------- | ----: | ---------: | -----: | -----: | ---: | ------: |
| items   |  12 | v26.1.0 | 1.0 s |     40.0 % | 10.0 % | 60.0 % | 0.50 |       3 |

Event loop: the share of time in which it did not wait, GC among it. CPU: cores, all threads.

## Functions by self time

Shares are of the 0.4 s in which there was something to do.

|   self |  total | function            | where         |
| -----: | -----: | ------------------- | ------------- |
| 75.0 % | 75.0 % | a\\|b                | src/hot.ts:10 |
| 25.0 % | 25.0 % | (garbage collector) |               |

## Files and packages by self time

|   self | of        | where               |
| -----: | --------- | ------------------- |
| 75.0 % | app       | src/hot.ts          |
| 25.0 % | collector | (garbage collector) |
`,
  );
});

test('what is no profile is refused', () => {
  const taken = { pid: 12, name: 'items', json: '{"nodes":[]}', info };
  const about = { folder: '/app', takenAt: '', intervalUs: 1000 };
  assert.throws(() => makeResults([taken], about), /no CPU profile/);
});
