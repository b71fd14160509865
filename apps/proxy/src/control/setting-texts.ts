/** Settings as people write them, to be compared. */
import { type EffectiveValue, effectiveValues, formatValue } from '@headgate/config';
import type { z } from 'zod';

/** Path → value of all that `value`, of `schema`, has set; a list of plain values is one setting. */
export function settingTexts(schema: z.ZodType, value: unknown): Map<string, string> {
  const settings = new Map<string, string>();
  const lists = new Map<string, string[]>();
  const provenance = { input: value, sourceOf: () => ({ kind: 'default' }) as const };
  for (const each of effectiveValues(schema, value, provenance)) {
    const list = /^(.*)\[\d+\]$/.exec(each.path)?.[1];
    const text = valueText(each);
    if (list === undefined) {
      settings.set(each.path, text);
      continue;
    }
    const entries = [...(lists.get(list) ?? []), text];
    lists.set(list, entries);
    settings.set(list, `[${entries.join(', ')}]`);
  }
  return settings;
}

/** What is counted is clear from the path; durations and sizes are not numbers to people. */
function valueText({ unit, ...plain }: EffectiveValue): string {
  return formatValue(unit === 'ms' || unit === 'bytes' ? { ...plain, unit } : plain);
}
