/**
 * What a metrics endpoint answers: the Prometheus text exposition format 0.0.4, and as much of
 * OpenMetrics as differs from it in what matters here.
 */

type FamilyType = 'counter' | 'gauge' | 'histogram' | 'summary' | 'unknown';

export interface Sample {
  readonly name: string;
  /** In the order of the line. */
  readonly labels: ReadonlyMap<string, string>;
  readonly value: number;
  /** What the sample belongs to, `http_seconds` for `http_seconds_bucket`, and of what type. */
  readonly family: string;
  readonly type: FamilyType;
}

export interface Exposition {
  readonly samples: readonly Sample[];
  /** Lines that are none of the format, and were skipped. */
  readonly malformedLines: number;
}

const TYPE = /^#[ \t]+TYPE[ \t]+(\S+)[ \t]+(\w+)[ \t]*$/;
const NAME = /[a-zA-Z_:][a-zA-Z0-9_:]*/y;
const LABEL =
  /[ \t]*([a-zA-Z_][a-zA-Z0-9_]*)[ \t]*=[ \t]*"([^"\\]*(?:\\[\s\S][^"\\]*)*)"[ \t]*(,?)/y;
const START_OF_LABELS = /[ \t]*\{/y;
const END_OF_LABELS = /[ \t]*\}/y;
/** The value, perhaps a timestamp, perhaps an exemplar. */
const VALUE = /[ \t]*(\S+)(?:[ \t]+[-+]?\d\S*)?(?:[ \t]+#[ \t].*)?[ \t]*$/y;
const NUMBER = /^[-+]?(?:\d+\.?\d*|\.\d+)(?:e[-+]?\d+)?$/i;
/** What families of a type append to their name, OpenMetrics included. */
const SUFFIXES: Readonly<Record<FamilyType, readonly string[]>> = {
  counter: ['_total', '_created'],
  gauge: [],
  histogram: ['_bucket', '_sum', '_count', '_created'],
  summary: ['_sum', '_count', '_created'],
  unknown: [],
};

/** Never throws: lines it cannot read are counted. Timestamps and exemplars are ignored. */
export function parsePrometheus(text: string): Exposition {
  const types = new Map<string, FamilyType>();
  const samples: Sample[] = [];
  let malformedLines = 0;
  for (const rawLine of text.split('\n')) {
    const line = rawLine.endsWith('\r') ? rawLine.slice(0, -1) : rawLine;
    if (line.startsWith('#')) {
      const [, family, type] = TYPE.exec(line) ?? [];
      if (family !== undefined) types.set(family, typeOf(type));
    } else if (line.trim() !== '') {
      const sample = parseSample(line, types);
      if (sample) samples.push(sample);
      else malformedLines++;
    }
  }
  return { samples, malformedLines };
}

function typeOf(word: string | undefined): FamilyType {
  if (word === 'counter' || word === 'gauge' || word === 'histogram' || word === 'summary') {
    return word;
  }
  return 'unknown';
}

function parseSample(line: string, types: ReadonlyMap<string, FamilyType>): Sample | undefined {
  const start = line.length - line.trimStart().length;
  const name = matchAt(NAME, line, start)?.[0];
  if (name === undefined) return undefined;
  const labels = new Map<string, string>();
  const end = parseLabels(line, start + name.length, labels);
  if (end === undefined) return undefined;
  const value = parseValue(matchAt(VALUE, line, end)?.[1]);
  const isApart = line[end - 1] === '}' || line[end] === ' ' || line[end] === '\t';
  if (value === undefined || !isApart) return undefined;
  return { name, labels, value, ...familyOf(name, types) };
}

/** Where the labels end; undefined when they are malformed. */
function parseLabels(line: string, from: number, labels: Map<string, string>): number | undefined {
  if (!matchAt(START_OF_LABELS, line, from)) return from;
  let at = START_OF_LABELS.lastIndex;
  for (let hasMore = true; hasMore; ) {
    const label = matchAt(LABEL, line, at);
    if (!label) break;
    at = LABEL.lastIndex;
    labels.set(label[1] as string, unescaped(label[2] as string));
    hasMore = label[3] === ',';
  }
  return matchAt(END_OF_LABELS, line, at) ? END_OF_LABELS.lastIndex : undefined;
}

function matchAt(pattern: RegExp, text: string, at: number): RegExpExecArray | null {
  pattern.lastIndex = at;
  return pattern.exec(text);
}

function parseValue(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (NUMBER.test(text)) return Number(text);
  const [, sign, word] = /^([-+]?)(inf|infinity|nan)$/i.exec(text) ?? [];
  if (word === undefined) return undefined;
  if (word.toLowerCase() === 'nan') return Number.NaN;
  return sign === '-' ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
}

function unescaped(text: string): string {
  return text.replace(/\\([\s\S])/g, (_, character: string) =>
    character === 'n' ? '\n' : character,
  );
}

function familyOf(
  name: string,
  types: ReadonlyMap<string, FamilyType>,
): { family: string; type: FamilyType } {
  const own = types.get(name);
  if (own !== undefined) return { family: name, type: own };
  const suffix = /_(?:total|created|bucket|sum|count)$/.exec(name)?.[0];
  const family = suffix === undefined ? name : name.slice(0, -suffix.length);
  const type = types.get(family);
  if (type !== undefined && suffix !== undefined && SUFFIXES[type].includes(suffix)) {
    return { family, type };
  }
  return { family: name, type: 'unknown' };
}
