// Owns the notation for how long the partner takes, and the draws from it.
import { parseDuration } from '@headgate/config';

/** Draws one latency in milliseconds; `random` is uniform in [0, 1). */
export type Latency = (random: () => number) => number;

/** Examples of every form, for messages. */
export const latencyForms = '20ms, uniform:5ms-40ms, exp:20ms or lognormal:20ms:0.8';

/**
 * Reads a latency: constant (`20ms`), `uniform:MIN-MAX`, `exp:MEAN` or `lognormal:MEDIAN:SIGMA`
 * (sigma of the logarithm). Undefined when the text is none of these.
 */
export function parseLatency(text: string): Latency | undefined {
  const [form = '', first = '', second, ...more] = text.split(':');
  if (more.length > 0) return undefined;
  if (!text.includes(':')) return constant(parseDuration(text));
  if (form === 'lognormal') return lognormal(parseDuration(first), second);
  if (second !== undefined) return undefined;
  if (form === 'uniform') return uniform(first);
  if (form === 'exp') return exponential(parseDuration(first));
  return undefined;
}

function constant(ms: number | undefined): Latency | undefined {
  return ms === undefined ? undefined : () => ms;
}

function uniform(range: string): Latency | undefined {
  const [min = '', max = '', ...more] = range.split('-');
  const minMs = parseDuration(min);
  const maxMs = parseDuration(max);
  if (minMs === undefined || maxMs === undefined || minMs > maxMs || more.length > 0)
    return undefined;
  return (random) => minMs + random() * (maxMs - minMs);
}

function exponential(meanMs: number | undefined): Latency | undefined {
  return meanMs === undefined ? undefined : (random) => -meanMs * Math.log(1 - random());
}

function lognormal(
  medianMs: number | undefined,
  sigmaText: string | undefined,
): Latency | undefined {
  if (medianMs === undefined || !/^\d+(\.\d+)?$/.test(sigmaText ?? '')) return undefined;
  const sigma = Number(sigmaText);
  return (random) => medianMs * Math.exp(sigma * standardNormal(random));
}

// Box–Muller transform.
function standardNormal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}
