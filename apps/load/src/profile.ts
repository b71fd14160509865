/** How much load at which time: a line through a few points, or the times of a trace. */
import { parseDuration } from '@headgate/config';
import { type Knot, levelAt } from './knots.ts';

export interface LineProfile {
  readonly kind: 'line';
  /** In order of time; linear between two, and a jump where two have the same time. */
  readonly knots: readonly Knot[];
  /** Undefined: as long as the run. */
  readonly durationMs: number | undefined;
  /** For people: `2000/s`. */
  readonly text: string;
}

export interface TraceProfile {
  readonly kind: 'trace';
  /** Relative to the working directory. */
  readonly file: string;
  /** 2 replays in half the time. */
  readonly speed: number;
  readonly text: string;
}

export type LoadProfile = LineProfile | TraceProfile;

/** Points of a sine wave per period; the line through them is off by less than 0.2 %. */
const POINTS_PER_PERIOD = 64;

/** The same rate from beginning to end. */
export function constant(level: number, options: { readonly for?: string } = {}): LineProfile {
  checkLevel(level, 'constant');
  const durationMs =
    options.for === undefined ? undefined : durationOf(options.for, 'constant: for');
  return { kind: 'line', knots: [{ atMs: 0, level }], durationMs, text: `${level}` };
}

/** From one rate to another in even steps, and then on at that rate for `hold`. */
export function ramp(options: {
  readonly from?: number;
  readonly to: number;
  readonly over: string;
  readonly hold?: string;
}): LineProfile {
  const { from = 0, to, over, hold } = options;
  checkLevel(from, 'ramp: from');
  checkLevel(to, 'ramp: to');
  const overMs = durationOf(over, 'ramp: over');
  const holdMs = hold === undefined ? 0 : durationOf(hold, 'ramp: hold');
  const knots = [
    { atMs: 0, level: from },
    { atMs: overMs, level: to },
  ];
  return { kind: 'line', knots, durationMs: overMs + holdMs, text: `${from} → ${to} over ${over}` };
}

/** A base rate, and from `at` on a higher one for a while; `for` is the length of the whole. */
export function spike(options: {
  readonly base: number;
  readonly peak: number;
  readonly at: string;
  readonly lasting: string;
  readonly for: string;
}): LineProfile {
  const { base, peak } = options;
  checkLevel(base, 'spike: base');
  checkLevel(peak, 'spike: peak');
  const fromMs = durationOf(options.at, 'spike: at');
  const toMs = fromMs + durationOf(options.lasting, 'spike: lasting');
  const durationMs = durationOf(options.for, 'spike: for');
  if (toMs > durationMs) throw new TypeError('spike: ends after the profile does; lengthen `for`');
  const knots = [
    { atMs: 0, level: base },
    { atMs: fromMs, level: base },
    { atMs: fromMs, level: peak },
    { atMs: toMs, level: peak },
    { atMs: toMs, level: base },
  ];
  const text = `${base}, ${peak} from ${options.at} for ${options.lasting}`;
  return { kind: 'line', knots, durationMs, text };
}

/** A wave around a mean rate, which it begins with and rises from. */
export function sine(options: {
  readonly mean: number;
  readonly amplitude: number;
  readonly period: string;
  readonly for: string;
}): LineProfile {
  const { mean, amplitude } = options;
  checkLevel(mean, 'sine: mean');
  if (!(amplitude >= 0 && amplitude <= mean)) {
    throw new TypeError(`sine: an amplitude from 0 to the mean (${mean}), not ${amplitude}`);
  }
  const periodMs = durationOf(options.period, 'sine: period');
  const durationMs = durationOf(options.for, 'sine: for');
  const points = Math.ceil((durationMs / periodMs) * POINTS_PER_PERIOD);
  if (points > 1e6) throw new TypeError('sine: more than 15,625 periods; lengthen `period`');
  const knots = Array.from({ length: points + 1 }, (_, i) => ({
    atMs: (i / POINTS_PER_PERIOD) * periodMs,
    level: mean + amplitude * Math.sin((2 * Math.PI * i) / POINTS_PER_PERIOD),
  }));
  return {
    kind: 'line',
    knots,
    durationMs,
    text: `${mean} ± ${amplitude} every ${options.period}`,
  };
}

/** One profile after the other; all but the last need a length. */
export function sequence(...profiles: readonly LineProfile[]): LineProfile {
  const knots: Knot[] = [];
  let startMs: number | undefined = 0;
  for (const profile of profiles) {
    if (startMs === undefined)
      throw new TypeError('sequence: only the last profile may lack `for`');
    const offsetMs: number = startMs;
    const endMs: number | undefined =
      profile.durationMs === undefined ? undefined : offsetMs + profile.durationMs;
    for (const { atMs, level } of profile.knots) {
      if (endMs === undefined || offsetMs + atMs <= endMs)
        knots.push({ atMs: offsetMs + atMs, level });
    }
    if (endMs !== undefined)
      knots.push({ atMs: endMs, level: levelAt(profile.knots, endMs - offsetMs) });
    startMs = endMs;
  }
  if (knots.length === 0) throw new TypeError('sequence: takes one profile or more');
  const text = profiles.map((profile) => profile.text).join(', then ');
  return { kind: 'line', knots, durationMs: startMs, text };
}

/**
 * Arrivals at the times a file has: one a line, milliseconds or an ISO 8601 time; a line of JSON
 * gives it as `time`, as the access log does. The first is the start of the run.
 */
export function trace(options: { readonly file: string; readonly speed?: number }): TraceProfile {
  const { file, speed = 1 } = options;
  if (!(speed > 0 && Number.isFinite(speed)))
    throw new TypeError(`trace: a speed above 0, not ${speed}`);
  return { kind: 'trace', file, speed, text: `trace ${file}${speed === 1 ? '' : ` × ${speed}`}` };
}

function checkLevel(level: number, where: string): void {
  if (!(level >= 0 && Number.isFinite(level))) {
    throw new TypeError(`${where}: a number from 0 up, not ${level}`);
  }
}

function durationOf(text: string, where: string): number {
  const durationMs = parseDuration(text);
  if (durationMs === undefined || durationMs <= 0) {
    throw new TypeError(`${where}: a duration such as 250ms, 2s or 1m, not "${text}"`);
  }
  return durationMs;
}
