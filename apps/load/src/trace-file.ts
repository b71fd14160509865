/** Arrival times of a recorded load, one a line. */

const NUMBER = /^[+-]?\d+(?:\.\d*)?(?:e[+-]?\d+)?$/i;
const ISO_TIME =
  /^(\d{4}-\d\d-\d\d)[T ](\d\d:\d\d(?::\d\d)?)(?:\.(\d+))?(Z|[+-]\d\d(?::?\d\d)?)?$/i;

/**
 * Milliseconds from the start of the run, ascending, the first at 0; `speed` 2 replays in half the
 * time. A line is a number of milliseconds, an ISO 8601 time (UTC when it names no zone), JSON with
 * one of these as `time`, or CSV with one of these in the first column. Empty lines and those that
 * begin with `#` are skipped. Throws a TypeError with the number of the line it cannot read, and
 * when there is no line.
 */
export function readTrace(text: string, speed: number): Float64Array {
  const found: number[] = [];
  let lineNumber = 0;
  for (let start = 0; start < text.length; ) {
    const end = text.indexOf('\n', start);
    const line = text.slice(start, end < 0 ? text.length : end).trim();
    start = end < 0 ? text.length : end + 1;
    lineNumber++;
    if (line === '' || line.startsWith('#')) continue;
    const timeMs = timeOf(line);
    if (!Number.isFinite(timeMs)) throw new TypeError(problemOf(line, lineNumber));
    found.push(timeMs);
  }
  if (found.length === 0) throw new TypeError('trace: no times in it');
  const timesMs = new Float64Array(found).sort();
  const firstMs = timesMs[0] as number;
  for (let i = 0; i < timesMs.length; i++) {
    timesMs[i] = ((timesMs[i] as number) - firstMs) / speed;
  }
  return timesMs;
}

/** NaN when the line has no time. */
function timeOf(line: string): number {
  if (line.startsWith('{')) return timeOfJson(line);
  const comma = line.indexOf(',');
  const column = comma < 0 ? line : line.slice(0, comma).trimEnd();
  const isQuoted = column.length > 1 && column.startsWith('"') && column.endsWith('"');
  return parseTime(isQuoted ? column.slice(1, -1) : column);
}

function timeOfJson(line: string): number {
  try {
    const { time } = JSON.parse(line) as { time?: unknown };
    if (typeof time === 'number') return time;
    return typeof time === 'string' ? parseTime(time) : Number.NaN;
  } catch {
    return Number.NaN;
  }
}

function parseTime(text: string): number {
  if (NUMBER.test(text)) return Number(text);
  const [, date, clock, fraction = '', zone = 'Z'] = ISO_TIME.exec(text) ?? [];
  if (date === undefined) return Number.NaN;
  // Date knows milliseconds only; at high rates, what is below them is what keeps arrivals apart.
  const fractionMs = fraction === '' ? 0 : Number(`0.${fraction}`) * 1_000;
  return Date.parse(`${date}T${clock}${fullZone(zone)}`) + fractionMs;
}

/** With the colon and the minutes that ISO 8601 may leave out, and Date may not. */
function fullZone(zone: string): string {
  if (zone.length === 1) return 'Z';
  return zone.length === 3 ? `${zone}:00` : `${zone.slice(0, 3)}:${zone.slice(-2)}`;
}

function problemOf(line: string, lineNumber: number): string {
  const shown = line.length > 60 ? `${line.slice(0, 60)}…` : line;
  return `trace: line ${lineNumber} has no time: ${shown}\nA line is a number of milliseconds, an ISO 8601 time, JSON with "time", or CSV with one of these first; put # before a header.`;
}
