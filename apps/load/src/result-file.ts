/** Reading back the JSON file of a run. */
import { readFile } from 'node:fs/promises';
import { z } from 'zod';
import { FAILURE_KINDS } from './failure.ts';
import { RESULT_VERSION, type RunResult } from './result.ts';

const histogram = z
  .string()
  .regex(/^(?:[0-9a-z]{1,4}\.[0-9a-z]{1,10}(?: (?!$)|$))*$/, 'is no histogram');
const summary = z.object({
  count: z.number(),
  minMs: z.number(),
  meanMs: z.number(),
  p50Ms: z.number(),
  p90Ms: z.number(),
  p95Ms: z.number(),
  p99Ms: z.number(),
  p999Ms: z.number(),
  p9999Ms: z.number(),
  maxMs: z.number(),
  histogram,
});
const percentiles = z.object({
  p50Ms: z.number(),
  p90Ms: z.number(),
  p99Ms: z.number(),
  p999Ms: z.number(),
  maxMs: z.number(),
});
const generator = z.object({
  cpuCores: z.number(),
  loopUtilization: z.number(),
  loopDelayMs: z.number(),
  sendDelayP99Ms: z.number(),
  isSaturated: z.boolean(),
});
const failures = z.partialRecord(z.enum(FAILURE_KINDS), z.number());
const series = z.object({
  name: z.string(),
  completed: z.number(),
  failed: z.number(),
  dropped: z.number(),
  latency: summary,
  statuses: z.array(
    z.object({
      status: z.string(),
      isFailure: z.boolean(),
      count: z.number(),
      phases: z.partialRecord(z.enum(['connect', 'firstByte', 'service', 'total']), summary),
    }),
  ),
});
const slice = z.object({
  startMs: z.number(),
  durationMs: z.number(),
  askedPerS: z.number().nullable(),
  arrivals: z.number(),
  started: z.number(),
  completed: z.number(),
  requests: z.number(),
  failed: z.number(),
  late: z.number(),
  dropped: z.number(),
  failures,
  inFlight: z.number(),
  connections: z.number(),
  users: z.number().nullable(),
  latency: percentiles.nullable(),
  service: percentiles.nullable(),
  histogram,
  flows: z.record(
    z.string(),
    z.object({ completed: z.number(), failed: z.number(), p50Ms: z.number(), p99Ms: z.number() }),
  ),
  generator,
  metrics: z.record(z.string(), z.number()),
});
const totals = z.object({
  arrivals: z.number(),
  started: z.number(),
  completed: z.number(),
  requests: z.number(),
  failed: z.number(),
  late: z.number(),
  dropped: z.number(),
  failures,
  receivedBytes: z.number(),
  goodPerS: z.number(),
  latency: summary,
  service: summary,
  sendDelay: summary,
  generator,
  saturatedSlices: z.number(),
});
const runResult = z.object({
  version: z.literal(RESULT_VERSION),
  name: z.string(),
  load: z.string(),
  target: z.string(),
  seed: z.number(),
  startedAt: z.string(),
  durationMs: z.number(),
  machine: z.string(),
  end: z.enum(['complete', 'stopped', 'failed']),
  problem: z.string().nullable(),
  totals,
  series: z.array(series),
  slices: z.array(slice),
  thresholds: z.array(z.object({ text: z.string(), measured: z.string(), isMet: z.boolean() })),
  interventions: z.array(z.string()),
});

/**
 * The result in a file. Throws an Error that names the file when it cannot be read, is no JSON, is
 * no result of a run, or is one of another version.
 */
export async function readResult(path: string): Promise<RunResult> {
  const json = parse(path, await read(path));
  const version = (json as { version?: unknown } | null)?.version;
  if (typeof version === 'number' && version !== RESULT_VERSION) {
    throw new Error(
      `${path}: a result of version ${version}, and this reads version ${RESULT_VERSION}; run it again`,
    );
  }
  const checked = runResult.safeParse(json);
  if (checked.success) return checked.data;
  const [issue] = checked.error.issues;
  throw new Error(
    `${path}: not a result of headgate-load: ${issue?.path.join('.') || 'the whole'}: ${issue?.message}`,
  );
}

async function read(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const problem = code === 'ENOENT' ? 'there is no such file' : `cannot be read (${code})`;
    throw new Error(`${path}: ${problem}`, { cause: error });
  }
}

function parse(path: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new Error(`${path}: not a result of headgate-load: no JSON`, { cause: error });
  }
}
