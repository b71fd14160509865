// Reads what a schema's checks demand of a value: bounds, lengths and forms.

import type { core } from 'zod';
import { definition, type Schema } from './schema.ts';

/** The demands that can be put in words. */
export interface Limits {
  /** Bounds of a number. */
  readonly min?: Bound;
  readonly max?: Bound;
  readonly multipleOf?: number;
  readonly isWhole: boolean;
  /** Characters of a text or entries of a list. */
  readonly minLength?: number;
  readonly maxLength?: number;
  /** The form of a text: `url`, `ipv4`, or the pattern it has to match. */
  readonly format?: string;
}

/** One end of a range. */
interface Bound {
  readonly value: number;
  readonly isInclusive: boolean;
}

/** The limits of `schema`; where two checks demand the same thing the last is reported. */
export function limits(schema: Schema): Limits {
  return Object.assign({ isWhole: false }, ...demands(schema).map(limit));
}

/** The definitions of a schema's checks; `z.int()` and `z.url()` are checks themselves. */
function demands(schema: Schema): Demand[] {
  const checks = definition(schema).checks ?? [];
  return [schema as core.$ZodTypes, ...(checks as core.$ZodChecks[])].map(({ _zod }) => _zod.def);
}

function limit(demand: Demand): Partial<Limits> {
  if (!('check' in demand)) return {};
  switch (demand.check) {
    case 'number_format':
      return { isWhole: demand.format !== 'float32' && demand.format !== 'float64' };
    case 'greater_than':
      return { min: { value: Number(demand.value), isInclusive: demand.inclusive } };
    case 'less_than':
      return { max: { value: Number(demand.value), isInclusive: demand.inclusive } };
    case 'multiple_of':
      return { multipleOf: Number(demand.value) };
    case 'min_length':
      return { minLength: demand.minimum };
    case 'max_length':
      return { maxLength: demand.maximum };
    case 'length_equals':
      return { minLength: demand.length, maxLength: demand.length };
    case 'string_format':
      return { format: demand.format === 'regex' ? String(demand.pattern) : demand.format };
    default:
      return {};
  }
}

type Demand = (core.$ZodTypes | core.$ZodChecks)['_zod']['def'];
