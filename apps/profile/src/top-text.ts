/** The top lists as Markdown, in tables that a terminal shows well too. */
import { type Frame, placeOf } from './frames.ts';
import type { ProcessResult, Results } from './results.ts';
import { topFiles, topFunctions } from './top-list.ts';

const MAX_ROWS = 30;
/** Compilers give some functions very long names. */
const MAX_NAME = 60;

const KINDS: Readonly<Record<Frame['kind'], string>> = {
  app: 'app',
  package: 'packages',
  module: 'node_modules',
  node: 'Node',
  native: 'native',
  gc: 'collector',
  idle: 'idle',
};

export function topText({ takenAt, intervalUs, frames, processes }: Results): string {
  const trees = processes.map(({ tree }) => tree);
  const totalUs = sum(processes, ({ shares }) => shares.totalUs);
  const busyUs = totalUs - sum(processes, ({ shares }) => shares.idleUs);
  const functions = topFunctions(trees, frames);
  const hot = functions.filter(({ selfUs }) => selfUs > 0).slice(0, MAX_ROWS);
  return [
    '# CPU profile',
    '',
    `${takenAt}, a sample each ${intervalUs} µs.`,
    '',
    ...table(
      ['process', 'pid', 'Node', 'time', 'event loop', 'GC', 'idle', 'CPU', 'samples'],
      [false, true, false, true, true, true, true, true, true],
      processes.map(processRow),
    ),
    '',
    'Event loop: the share of time in which it did not wait, GC among it. CPU: cores, all threads.',
    '',
    '## Functions by self time',
    '',
    `Shares are of the ${seconds(busyUs)} in which there was something to do.`,
    '',
    ...table(
      ['self', 'total', 'function', 'where'],
      [true, true, false, false],
      hot.map(({ frame, selfUs, totalUs: total }) => [
        percent(selfUs, busyUs),
        percent(total, busyUs),
        clip(frame.name),
        placeOf(frame),
      ]),
    ),
    '',
    '## Files and packages by self time',
    '',
    ...table(
      ['self', 'of', 'where'],
      [true, false, false],
      topFiles(functions)
        .slice(0, MAX_ROWS)
        .map(({ file, kind, selfUs }) => [percent(selfUs, busyUs), KINDS[kind], file]),
    ),
    '',
  ].join('\n');
}

function processRow({ taken, shares, sampleCount }: ProcessResult): string[] {
  const { info } = taken;
  return [
    taken.name,
    String(taken.pid),
    info.nodeVersion,
    seconds(shares.totalUs),
    percent(shares.totalUs - shares.idleUs, shares.totalUs),
    percent(shares.gcUs, shares.totalUs),
    percent(shares.idleUs, shares.totalUs),
    (info.cpuMs / info.durationMs).toFixed(2),
    String(sampleCount),
  ];
}

function table(
  head: readonly string[],
  areNumbers: readonly boolean[],
  rows: readonly (readonly string[])[],
): string[] {
  const cells = [head, ...rows].map((row) => row.map((cell) => cell.replaceAll('|', '\\|')));
  const widths = head.map((_, i) => Math.max(3, ...cells.map((row) => (row[i] ?? '').length)));
  const rule = widths.map((width, i) => '-'.repeat(width - 1) + (areNumbers[i] ? ':' : '-'));
  const lines = cells.map((row) =>
    row.map((cell, i) =>
      areNumbers[i] ? cell.padStart(widths[i] as number) : cell.padEnd(widths[i] as number),
    ),
  );
  return [lines[0] as string[], rule, ...lines.slice(1)].map((row) => `| ${row.join(' | ')} |`);
}

function sum<Item>(items: readonly Item[], of: (item: Item) => number): number {
  return items.reduce((total, item) => total + of(item), 0);
}

function percent(part: number, whole: number): string {
  return `${(whole > 0 ? (100 * part) / whole : 0).toFixed(1)} %`;
}

function seconds(durationUs: number): string {
  return `${(durationUs / 1e6).toFixed(1)} s`;
}

function clip(name: string): string {
  return name.length <= MAX_NAME ? name : `${name.slice(0, MAX_NAME - 1)}…`;
}
