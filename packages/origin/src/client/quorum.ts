// Owns the fan-out that is decided as soon as enough have answered.
import { FanOut } from './fan-out.ts';
import {
  allFailed,
  type FanOutOptions,
  type Missing,
  missing,
  type Outcome,
  type Part,
  type PartValue,
} from './part.ts';

/** Enough answers; more where several came at once. */
export interface Quorum<Value> {
  /** In the order they came, each with the index of its part. */
  readonly answers: readonly { readonly index: number; readonly value: Value }[];
  /** Parts that had failed by then, by index. */
  readonly missing: readonly Missing<number>[];
}

/**
 * Runs all parts at once until `atLeast` have gone well, and cancels the rest. As soon as so many
 * cannot be had any more the rest is cancelled too, and the first failure's PartnerError is thrown,
 * with the messages of all. Throws a RangeError when there are fewer parts than that.
 */
export async function quorum<Given extends Part<unknown>>(
  parts: readonly Given[],
  options: FanOutOptions & { readonly atLeast: number },
): Promise<Quorum<PartValue<Given>>> {
  const { atLeast } = options;
  if (!(Number.isInteger(atLeast) && atLeast >= 1 && atLeast <= parts.length)) {
    throw new RangeError(`a quorum of ${atLeast} out of ${parts.length} parts cannot be had`);
  }
  const fanOut = new FanOut(options);
  const answers: { index: number; value: PartValue<Given> }[] = [];
  const failures: { index: number; outcome: Extract<Outcome<unknown>, { ok: false }> }[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      const runPart = async (part: Given, index: number) => {
        const outcome = await fanOut.run(part);
        if (outcome.ok) answers.push({ index, value: outcome.value as PartValue<Given> });
        else failures.push({ index, outcome });
        if (answers.length >= atLeast) resolve();
        else if (failures.length > parts.length - atLeast) {
          reject(allFailed(failures.map((one) => one.outcome.error)));
        }
      };
      for (const [index, part] of parts.entries()) runPart(part, index).catch(reject);
    });
    return {
      answers: answers.slice(),
      missing: failures.map(({ index, outcome }) => missing(index, outcome)),
    };
  } finally {
    fanOut.end();
  }
}

/**
 * The value of the first part that goes well; the others are cancelled. When all fail the first
 * failure's PartnerError is thrown, with the messages of all.
 */
export async function first<Given extends Part<unknown>>(
  parts: readonly Given[],
  options: FanOutOptions = {},
): Promise<PartValue<Given>> {
  const { answers } = await quorum(parts, { ...options, atLeast: 1 });
  return answers[0]?.value as PartValue<Given>;
}
