/** All the page knows of a run. */
import type { RunHeader, RunState } from '../../live-run.ts';
import type { RunResult, Slice } from '../../result.ts';
import type { PageEvent, RunSummary } from '../page-event.ts';

/** A change that somebody made while the run ran. */
interface Mark {
  readonly atS: number;
  readonly text: string;
}

/** Grows; a run that is told anew is a new object, so whoever keeps something of it can tell. */
export interface RunData {
  readonly header: RunHeader;
  state: RunState | undefined;
  readonly slices: Slice[];
  /** Middles of the slices, in seconds. */
  readonly times: number[];
  marks: readonly Mark[];
  result: RunSummary | undefined;
}

export function emptyRun(header: RunHeader): RunData {
  return { header, state: undefined, slices: [], times: [], marks: [], result: undefined };
}

/** The run that a result is of, as if it had been watched. */
export function runOfResult(result: RunResult): RunData {
  const last = result.slices.at(-1);
  const header: RunHeader = {
    name: result.name,
    load: result.load,
    target: result.target,
    seed: result.seed,
    startedAt: result.startedAt,
    durationMs: result.durationMs,
    machine: result.machine,
    flows: flowNames(result),
    unit: last?.askedPerS != null ? 'per second' : last?.users != null ? 'users' : 'held',
    canScale: false,
  };
  const run = emptyRun(header);
  for (const slice of result.slices) tellRun(run, { kind: 'slice', slice });
  tellRun(run, { kind: 'end', result });
  return run;
}

/** Series that are flows; those of steps have an arrow in their name. */
export function flowNames(result: RunSummary): readonly string[] {
  return result.series.map(({ name }) => name).filter((name) => !name.includes(' › '));
}

/** Adds what has happened to what is known. */
export function tellRun(run: RunData, event: Exclude<PageEvent, { kind: 'header' }>): void {
  if (event.kind === 'slice') {
    run.slices.push(event.slice);
    run.times.push((event.slice.startMs + event.slice.durationMs / 2) / 1_000);
  } else if (event.kind === 'state') {
    const text = run.state === undefined ? undefined : changeText(run.state, event.state);
    if (text !== undefined) {
      run.marks = [...run.marks, { atS: event.state.elapsedMs / 1_000, text }];
    }
    run.state = event.state;
  } else {
    run.result = event.result;
    run.marks = event.result.interventions.flatMap(readMark);
  }
}

/** The end of the last second. */
export function endOfSlices(run: RunData): number {
  const last = run.slices.at(-1);
  return last === undefined ? 0 : (last.startMs + last.durationMs) / 1_000;
}

function changeText(before: RunState, after: RunState): string | undefined {
  if (after.status === 'paused' && before.status !== 'paused') return 'paused';
  if (before.status === 'paused' && after.status === 'running') return 'resumed';
  if (after.scale !== before.scale) return `load × ${Number(after.scale.toPrecision(3))}`;
  return undefined;
}

/** `12.4 s: rate × 2` */
function readMark(text: string): Mark[] {
  const match = /^([\d.]+) s: (.+)$/.exec(text);
  return match === null ? [] : [{ atS: Number(match[1]), text: match[2] as string }];
}
