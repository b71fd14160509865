// Owns the fan-out of which every part is needed.
import { FanOut } from './fan-out.ts';
import type { FanOutOptions, Parts, PartValue } from './part.ts';

/**
 * Runs all parts at once and resolves with their values by name. The first that fails decides: the
 * others are cancelled, on the wire too, and its PartnerError is thrown, or whatever it threw.
 */
export async function all<Given extends Parts>(
  parts: Given,
  options: FanOutOptions = {},
): Promise<{ [Name in keyof Given]: PartValue<Given[Name]> }> {
  const fanOut = new FanOut(options);
  const runPart = async (name: string) => {
    const outcome = await fanOut.run(parts[name] as Given[string]);
    if (!outcome.ok) throw outcome.error;
    return [name, outcome.value] as const;
  };
  try {
    const values = await Promise.all(Object.keys(parts).map(runPart));
    return Object.fromEntries(values) as { [Name in keyof Given]: PartValue<Given[Name]> };
  } finally {
    fanOut.end();
  }
}
