/** Load and faults in words, as they are given on the command line. Every error says which words. */
import type { Phase } from './load.ts';
import { guess } from './nearest-name.ts';
import type { Fault } from './origin.ts';
import type { ServiceTime } from './service-time.ts';

/** A fault of one upstream, or of all of them. */
export interface DescribedFault {
  /** As it was written. */
  readonly text: string;
  /** A URL, or `all`. */
  readonly target: string;
  readonly fault: Fault;
}

const units = { ms: 1, s: 1_000, m: 60_000 } as const;

/** `20ms`, `1.5s`, `2m`, in milliseconds. Throws what to tell the user about `where`. */
export function parseDurationMs(text: string, where: string): number {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m)$/.exec(text) ?? [];
  const ms = Number(amount) * units[(unit ?? 'ms') as keyof typeof units];
  if (!(ms > 0)) throw new Error(`${where}: "${text}" is no duration; write 20ms, 1.5s or 2m`);
  return ms;
}

/** `exp 20ms`, `constant 20ms`, `lognormal 20ms sigma 1`, `mix 99% 10ms 1% 500ms`. */
export function parseServiceTime(text: string): ServiceTime {
  const where = `--service-time "${text}"`;
  const [kind = '', ...words] = text.trim().split(/\s+/);
  const [first = ''] = words;
  switch (kind) {
    case 'exp':
      expectWords(where, words, 1, 'exp 20ms');
      return { kind: 'exponential', meanMs: parseDurationMs(first, where) };
    case 'constant':
      expectWords(where, words, 1, 'constant 20ms');
      return { kind: 'constant', meanMs: parseDurationMs(first, where) };
    case 'lognormal': {
      const example = 'lognormal 20ms sigma 1';
      expectWords(where, words, 3, example);
      const sigma = Number(words[2]);
      if (words[1] !== 'sigma' || !(sigma > 0 && sigma <= 5)) {
        throw new Error(`${where}: give sigma, above 0 and at most 5: ${example}`);
      }
      return { kind: 'lognormal', meanMs: parseDurationMs(first, where), sigma };
    }
    case 'mix': {
      expectWords(where, words, 4, 'mix 99% 10ms 1% 500ms');
      const rareShare = parseShare(words[2] ?? '', where);
      if (Math.abs(parseShare(first, where) + rareShare - 1) > 1e-9) {
        throw new Error(`${where}: the two shares must make up 100%`);
      }
      return {
        kind: 'mix',
        meanMs: parseDurationMs(words[1] ?? '', where),
        rareShare,
        rareMeanMs: parseDurationMs(words[3] ?? '', where),
      };
    }
    default: {
      const kinds = ['exp', 'constant', 'lognormal', 'mix'];
      throw new Error(
        `${where}: begin with one of ${kinds.join(', ')}${guess(kind, kinds)}, as in exp 20ms`,
      );
    }
  }
}

/** `800` for all of the time, and `2400 from 10s to 20s` for some of it: the later one counts. */
export function parseRates(texts: readonly string[], lengthMs: number): Phase[] {
  const rates = texts.map((text) => {
    const where = `--rate "${text}"`;
    const { words, fromMs, toMs } = parseSpan(text, where, lengthMs);
    const ratePerSecond = Number(words[0]);
    if (words.length !== 1 || !(ratePerSecond > 0)) {
      throw new Error(`${where}: write requests per second: 800, or 2400 from 10s to 20s`);
    }
    return { ratePerSecond, fromMs, toMs };
  });
  const moments = [...rates.flatMap(({ fromMs, toMs }) => [fromMs, toMs]), 0, lengthMs];
  const [first = 0, ...ends] = [...new Set(moments)].sort((a, b) => a - b);
  let beginMs = first;
  return ends.map((untilMs) => {
    const rate = rates.findLast(({ fromMs, toMs }) => fromMs <= beginMs && untilMs <= toMs);
    if (!rate) {
      const gap = `from ${beginMs / 1_000}s to ${untilMs / 1_000}s`;
      throw new Error(`--rate says nothing about the time ${gap}; add one such as --rate 800`);
    }
    beginMs = untilMs;
    return { untilMs, ratePerSecond: rate.ratePerSecond };
  });
}

/** `URL slow x10`, `URL failing 50%`, `URL paused`, `URL down`, each with `from 20s to 40s` or not. */
export function parseFault(text: string, lengthMs: number): DescribedFault {
  const where = `--fault "${text}"`;
  const { words, fromMs, toMs } = parseSpan(text, where, lengthMs);
  const [target = '', kind = '', ...details] = words;
  const [detail = ''] = details;
  const span = { fromMs, toMs };
  switch (kind) {
    case 'slow': {
      expectWords(where, details, 1, `${target} slow x10`);
      const factor = Number(/^x(.+)$/.exec(detail)?.[1]);
      if (!(factor > 0)) throw new Error(`${where}: say how slow: ${target} slow x10`);
      return { text, target, fault: { ...span, kind, factor } };
    }
    case 'failing':
      expectWords(where, details, 1, `${target} failing 50%`);
      return { text, target, fault: { ...span, kind, share: parseShare(detail, where) } };
    case 'paused':
    case 'down':
      expectWords(where, details, 0, `${target} ${kind} from 20s to 40s`);
      return { text, target, fault: { ...span, kind } };
    default: {
      const kinds = ['slow', 'failing', 'paused', 'down'];
      throw new Error(
        `${where}: after the URL of an upstream, or all, say ${kinds.join(', ')}${guess(kind, kinds)}`,
      );
    }
  }
}

/** The words before `from … to …`, and that span; the whole run without it. */
function parseSpan(text: string, where: string, lengthMs: number) {
  const words = text.trim().split(/\s+/);
  let fromMs = 0;
  let toMs = lengthMs;
  if (words.at(-2) === 'to') toMs = Math.min(lengthMs, parseDurationMs(words.pop() ?? '', where));
  if (words.at(-1) === 'to') words.pop();
  if (words.at(-2) === 'from') {
    const from = words.pop() ?? '';
    words.pop();
    if (!/^0(ms|s|m)?$/.test(from)) fromMs = parseDurationMs(from, where);
  }
  if (fromMs >= toMs) {
    const end = `${toMs / 1_000}s`;
    throw new Error(`${where}: it would begin at ${fromMs / 1_000}s and end at ${end}`);
  }
  return { words, fromMs, toMs };
}

function parseShare(text: string, where: string): number {
  const share = Number(/^(.+)%$/.exec(text)?.[1]) / 100;
  if (!(share > 0 && share <= 1)) {
    throw new Error(`${where}: "${text}" is no share; write it like 50%`);
  }
  return share;
}

function expectWords(where: string, words: readonly string[], count: number, example: string) {
  if (words.length !== count) throw new Error(`${where}: write it like ${example}`);
}
