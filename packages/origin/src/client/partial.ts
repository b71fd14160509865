// Owns the fan-out that is answered with what there is.
import { FanOut } from './fan-out.ts';
import {
  allFailed,
  type FanOutOptions,
  type Missing,
  missing,
  type Outcome,
  type Parts,
  type PartValue,
} from './part.ts';

/** What parts there are; those that are required always. */
export type PartialParts<Given extends Parts, Required extends keyof Given> = {
  [Name in keyof Given]: PartValue<Given[Name]> | (Name extends Required ? never : undefined);
};

/** As much as could be had. */
export interface Partial<Given extends Parts, Required extends keyof Given> {
  readonly parts: PartialParts<Given, Required>;
  /** True when a part is missing. */
  readonly partial: boolean;
  /** Which, in the order of the parts. */
  readonly missing: readonly Missing<Extract<keyof Given, string>>[];
}

/**
 * Runs all parts at once and resolves with those that went well, by name; the others are undefined.
 * A part in `required` that fails decides: the others are cancelled and its PartnerError is thrown.
 * When all fail the first one's is, with the messages of all.
 */
export async function partial<Given extends Parts, Required extends keyof Given = never>(
  parts: Given,
  options: FanOutOptions & { readonly required?: readonly Required[] } = {},
): Promise<Partial<Given, Required>> {
  const { required = [] } = options;
  const fanOut = new FanOut(options);
  const names = Object.keys(parts) as Extract<keyof Given, string>[];
  const runPart = async (name: keyof Given): Promise<Outcome<unknown>> => {
    const outcome = await fanOut.run(parts[name] as Given[string]);
    if (!outcome.ok && required.includes(name as Required)) throw outcome.error;
    return outcome;
  };
  try {
    const outcomes = await Promise.all(names.map(runPart));
    const found: Record<string, unknown> = {};
    const gone: Missing<Extract<keyof Given, string>>[] = [];
    for (const [index, name] of names.entries()) {
      const outcome = outcomes[index] as Outcome<unknown>;
      found[name] = outcome.ok ? outcome.value : undefined;
      if (!outcome.ok) gone.push(missing(name, outcome));
    }
    if (names.length > 0 && gone.length === names.length) throw allFailed(errorsOf(outcomes));
    return {
      parts: found as PartialParts<Given, Required>,
      partial: gone.length > 0,
      missing: gone,
    };
  } finally {
    fanOut.end();
  }
}

function errorsOf(outcomes: readonly Outcome<unknown>[]) {
  return outcomes.flatMap((outcome) => (outcome.ok ? [] : [outcome.error]));
}
