/** A run under way, on the terminal or in a log. */
import type { LiveRun } from './live-run.ts';
import { createPaint } from './paint.ts';
import type { Slice } from './result.ts';
import { progressBlock, progressLine } from './terminal-text.ts';

/** Longer runs write fewer lines to a log. */
const LONG_RUN_MS = 60_000;
const LONG_RUN_SLICES = 5;
/** Some terminals do not tell how wide they are. */
const UNKNOWN_COLUMNS = 80;

export interface TerminalOutput {
  write(text: string): void;
  readonly isTTY: boolean;
  readonly columns: number;
  /** False where `NO_COLOR` is set. */
  readonly isColoured: boolean;
}

/**
 * Shows how a run goes: a block that is written anew in its place on a terminal, elsewhere a line
 * per second (every five seconds when the run is longer than a minute). It stops when the returned
 * function is called, or the run ends.
 */
export function showProgress(run: LiveRun, out: TerminalOutput): () => void {
  const show = out.isTTY ? createBlock(out) : createLog(out);
  show(run, undefined);
  const stop = run.watch((event) => {
    show(run, event.kind === 'slice' ? event.slice : undefined);
    if (event.kind === 'end') stop();
  });
  return stop;
}

type Show = (run: LiveRun, slice: Slice | undefined) => void;

function createLog(out: TerminalOutput): Show {
  let pending: Slice[] = [];
  return (run, slice) => {
    if (slice === undefined) return;
    pending.push(slice);
    if (pending.length < (run.header.durationMs > LONG_RUN_MS ? LONG_RUN_SLICES : 1)) return;
    out.write(`${progressLine(run, pending)}\n`);
    pending = [];
  };
}

function createBlock(out: TerminalOutput): Show {
  const paint = createPaint(out.isColoured);
  let height = 0;
  return (run) => {
    const lines = progressBlock(run, out.columns || UNKNOWN_COLUMNS, paint);
    const up = height > 0 ? `\x1b[${height}A` : '';
    // What the block before had below this one is cleared, and so is the rest of each line.
    out.write(`${up}${lines.map((line) => `\r${line}\x1b[K\n`).join('')}\x1b[J`);
    height = lines.length;
  };
}
