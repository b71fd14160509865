// Owns the fan-out of many calls that are alike: a bounded number at once, and what there is.
import { abortFailure } from './failure.ts';
import { FanOut } from './fan-out.ts';
import { gather } from './gather.ts';
import {
  allFailed,
  type FanOutOptions,
  failed,
  type Missing,
  missing,
  type Outcome,
  type Part,
  type PartValue,
} from './part.ts';

/** What a list fan-out is given. */
export interface ListOptions extends FanOutOptions {
  /** Parts under way at once. Default 16: a quarter of a client's connections. */
  readonly concurrency?: number;
  /** What the part at `index` is called in `missing`. Default its index. */
  readonly nameOf?: (index: number) => string;
}

/** As much as could be had. */
export interface PartialList<Value> {
  /** In the order of the parts; undefined for one that is missing. */
  readonly values: readonly (Value | undefined)[];
  /** True when a part is missing. */
  readonly partial: boolean;
  readonly missing: readonly Missing[];
}

/**
 * Runs `parts` with at most `concurrency` at once. What has not started when the signal aborts is
 * missing for the same reason. When all fail the first one's PartnerError is thrown, with the
 * messages of all; no parts are no failure.
 */
export async function partialList<Given extends Part<unknown>>(
  parts: readonly Given[],
  options: ListOptions = {},
): Promise<PartialList<PartValue<Given>>> {
  const { concurrency = 16, nameOf = String } = options;
  const fanOut = new FanOut(options);
  const { signal } = fanOut;
  try {
    const tasks = parts.map((part) => () => fanOut.run(part));
    const settled = await gather(tasks, { concurrency, signal });
    const outcomes = settled.map((one) => settledOutcome(one, signal));
    const gone = outcomes.flatMap((outcome, index) =>
      outcome.ok ? [] : [missing(nameOf(index), outcome)],
    );
    if (parts.length > 0 && gone.length === parts.length) {
      // A hundred messages say no more than a few.
      const errors = outcomes.slice(0, 3).flatMap((one) => (one.ok ? [] : [one.error]));
      throw allFailed(errors);
    }
    const values = outcomes.map((outcome) => (outcome.ok ? outcome.value : undefined));
    return {
      values: values as (PartValue<Given> | undefined)[],
      partial: gone.length > 0,
      missing: gone,
    };
  } finally {
    fanOut.end();
  }
}

// A task rejects when the signal aborted before its turn; anything else is a defect.
function settledOutcome<Value>(
  settled: PromiseSettledResult<Outcome<Value>>,
  signal: AbortSignal,
): Outcome<Value> {
  if (settled.status === 'fulfilled') return settled.value;
  if (!signal.aborted) throw settled.reason;
  return failed(abortFailure(signal, 'call'));
}
