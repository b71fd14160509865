/** From samples of one endpoint to numbers to draw: counters become increase per second. */
import { parsePrometheus, type Sample } from './prometheus-text.ts';

const MAX_KEYS = 300;

export interface MetricReader {
  /** What the text says, scraped at a time in milliseconds. */
  read(text: string, atMs: number): Record<string, number>;
  /** Lines skipped and keys left out, each once. */
  problems(): string[];
}

/** What grew, by key; the time between. */
interface Growth {
  readonly byKey: ReadonlyMap<string, number>;
  readonly seconds: number;
}

export function createMetricReader(): MetricReader {
  let last: { readonly counters: ReadonlyMap<string, number>; readonly atMs: number } | undefined;
  let leftOut = 0;
  let malformedLines = 0;
  return {
    read(text, atMs) {
      const exposition = parsePrometheus(text);
      malformedLines ||= exposition.malformedLines;
      const counters = new Map<string, number>();
      for (const sample of exposition.samples) {
        if (isCounter(sample)) counters.set(keyOf(sample.name, sample), sample.value);
      }
      const growth = last && {
        byKey: growthOf(counters, last.counters),
        seconds: (atMs - last.atMs) / 1_000,
      };
      last = { counters, atMs };
      const entries = new Map(exposition.samples.flatMap((sample) => entriesOf(sample, growth)));
      leftOut ||= Math.max(0, entries.size - MAX_KEYS);
      // By place in the answer, not by what has a value: the same metrics every second.
      const kept = [...entries].slice(0, MAX_KEYS);
      return Object.fromEntries(kept.filter(([, value]) => Number.isFinite(value)));
    },
    problems() {
      const found: string[] = [];
      if (malformedLines > 0) found.push(`${malformedLines} lines are no metrics`);
      if (leftOut > 0) found.push(`${leftOut} left out beyond the first ${MAX_KEYS}`);
      return found;
    },
  };
}

/** A counter that is lower than before was reset, and has grown from 0 since. */
function growthOf(
  counters: ReadonlyMap<string, number>,
  before: ReadonlyMap<string, number>,
): Map<string, number> {
  const growth = new Map<string, number>();
  for (const [key, value] of counters) {
    // One that was not there counts from 0: many appear with their first increase.
    const old = before.get(key) ?? 0;
    growth.set(key, value >= old ? value - old : value);
  }
  return growth;
}

function entriesOf(sample: Sample, growth: Growth | undefined): [string, number][] {
  const { name, family, type, labels } = sample;
  if (name.endsWith('_created') && type !== 'gauge' && type !== 'unknown') return [];
  if (name.endsWith('_bucket') && labels.has('le')) return [];
  const key = keyOf(name, sample);
  if (!isCounter(sample)) return [[key, sample.value]];
  const grownPerS = (growth?.byKey.get(key) ?? Number.NaN) / (growth?.seconds || Number.NaN);
  const entries: [string, number][] = [[key, grownPerS]];
  if (type !== 'counter' && name === `${family}_count`) {
    const sum = growth?.byKey.get(keyOf(`${family}_sum`, sample)) ?? Number.NaN;
    entries.push([keyOf(`${family}_mean`, sample), sum / (growth?.byKey.get(key) ?? Number.NaN)]);
  }
  return entries;
}

/** Without a type, the name says it: `_total` is what counters are called. */
function isCounter({ name, family, type }: Sample): boolean {
  switch (type) {
    case 'counter':
      return true;
    case 'histogram':
    case 'summary':
      return name === `${family}_sum` || name === `${family}_count`;
    case 'unknown':
      return name.endsWith('_total');
    case 'gauge':
      return false;
  }
}

/** `name{a="x",b="y"}`, labels in alphabetical order. */
function keyOf(name: string, { labels }: Sample): string {
  if (labels.size === 0) return name;
  const pairs = [...labels].sort(([a], [b]) => (a < b ? -1 : 1));
  return `${name}{${pairs.map(([label, value]) => `${label}=${JSON.stringify(value)}`).join(',')}}`;
}
