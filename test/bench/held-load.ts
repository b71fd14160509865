/** How many requests the generator holds in flight at once, and what one of them costs it. */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { readTree } from './cpu.ts';
import type { Surroundings } from './entrant.ts';
import { type PinnedProcess, startPinned } from './pinned-process.ts';
import { formatTable } from './table.ts';
import { LOAD_CORE } from './window.ts';

export const HELD_CASE = 'held';

/** Several processes accept on one port, each within 20,000 open files. */
const ORIGINS = 4;
const HELD_COUNTS = [10_000, 50_000, 60_000];
const SECONDS = 15;
const POLL_MS = 100;
/** Counted this long before the end, when all have been opened for a while. */
const BEFORE_END_MS = 3_000;

export interface Held {
  readonly wanted: number;
  /** As the origins counted them. */
  readonly heldByOrigins: number;
  /** As the generator's result has them. */
  readonly heldByGenerator: number;
  readonly failed: number;
  /** Until all were in flight. */
  readonly openingS: number;
  readonly generatorBytesEach: number;
}

const ORIGIN = fileURLToPath(new URL('holders/origin.ts', import.meta.url));
const MAIN = fileURLToPath(new URL('../../apps/load/src/main.ts', import.meta.url));

export async function runHeldLoad(around: Surroundings): Promise<Held[]> {
  const results: Held[] = [];
  for (const wanted of HELD_COUNTS) results.push(await hold(wanted, around));
  return results;
}

async function hold(wanted: number, { folder, ports, signal }: Surroundings): Promise<Held> {
  await using stack = new AsyncDisposableStack();
  const port = await ports.next();
  const counts = new Array<number>(ORIGINS).fill(0);
  const args = [ORIGIN, '127.0.0.1', `${port}`];
  for (let i = 0; i < ORIGINS; i++) {
    const origin: PinnedProcess = stack.use(
      startPinned({ command: process.execPath, args }, LOAD_CORE),
    );
    origin.onMessage((count) => {
      counts[i] = count as number;
    });
  }
  await sleep(1_000, undefined, { signal });
  const file = join(folder, `${wanted}.json`);
  const url = `http://127.0.0.1:${port}/hold`;
  const child = spawn(
    process.execPath,
    [MAIN, url, '--hold', `${wanted}`, '--for', `${SECONDS}s`, '--page', 'off', '--json', file],
    { signal, stdio: 'ignore' },
  );
  const ended = new Promise<void>((resolve, reject) => {
    child.once('exit', () => resolve());
    child.once('error', reject);
  });
  const startMs = performance.now();
  let openingS = Number.NaN;
  let heldByOrigins = 0;
  let rssBytes = 0;
  while (performance.now() - startMs < SECONDS * 1_000 - BEFORE_END_MS) {
    await sleep(POLL_MS, undefined, { signal });
    heldByOrigins = counts.reduce((sum, count) => sum + count, 0);
    if (Number.isNaN(openingS) && heldByOrigins >= wanted)
      openingS = (performance.now() - startMs) / 1_000;
  }
  rssBytes = readTree(child.pid ?? 0).rssBytes;
  await ended;
  const { totals, slices } = JSON.parse(readFileSync(file, 'utf8')) as {
    totals: { failed: number };
    slices: { inFlight: number }[];
  };
  return {
    wanted,
    heldByOrigins,
    heldByGenerator: Math.max(...slices.map((slice) => slice.inFlight)),
    failed: totals.failed,
    openingS,
    generatorBytesEach: rssBytes / wanted,
  };
}

const HEAD = ['requests', 'held (origins)', 'held (generator)', 'failed', 'opened in s', 'kB each'];

export function heldTable(held: readonly Held[]): string {
  const rows = held.map((one) => [
    `${one.wanted}`,
    `${one.heldByOrigins}`,
    `${one.heldByGenerator}`,
    `${one.failed}`,
    one.openingS.toFixed(1),
    (one.generatorBytesEach / 1e3).toFixed(1),
  ]);
  return [
    `${HELD_CASE}: requests in flight at once, held by ${ORIGINS} origin processes on one port; memory is that of all processes of the generator`,
    formatTable(HEAD, rows),
  ].join('\n');
}
