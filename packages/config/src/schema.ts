// Finds its way inside a zod schema: what is under a wrapper, a union or a path.

import type { core } from 'zod';
import type { Path } from './path.ts';
import { type SettingMeta, settingMeta } from './setting.ts';

/** Any zod schema. */
export type Schema = core.$ZodType;

/** A schema's definition as a union discriminated by `type`. */
export type Definition = core.$ZodTypes['_zod']['def'];

/** The definition of a schema, ready for a `switch` on its `type`. */
export function definition(schema: Schema): Definition {
  return (schema as core.$ZodTypes)._zod.def;
}

/**
 * `schema` and what it wraps, from the outside in: defaults, optionals, transforms and the like
 * down to the schema that says which kind of input is read.
 */
export function layers(schema: Schema): Schema[] {
  const found = [schema];
  for (let inner = wrapped(schema); inner !== undefined; inner = wrapped(inner)) found.push(inner);
  return found;
}

/** The innermost layer: never a wrapper. */
function unwrap(schema: Schema): Schema {
  return layers(schema).at(-1) ?? schema;
}

/** The schemas an input may match: the options of a union, of unions inside it, or just itself. */
export function alternatives(schema: Schema): Schema[] {
  const inner = unwrap(schema);
  const def = definition(inner);
  return def.type === 'union' ? def.options.flatMap(alternatives) : [inner];
}

/** The schemas that may apply to the entry `step` of an input for `schema`. */
export function entrySchemas(schema: Schema, step: PropertyKey): Schema[] {
  return alternatives(schema).flatMap((option) => {
    const def = definition(option);
    switch (def.type) {
      case 'object': {
        const known = Object.hasOwn(def.shape, step) ? def.shape[String(step)] : def.catchall;
        return known ? [known] : [];
      }
      case 'record':
        return [def.valueType];
      case 'array':
        return [def.element];
      case 'tuple': {
        const item = def.items[Number(step)] ?? def.rest;
        return item ? [item] : [];
      }
      case 'intersection':
        return [...entrySchemas(def.left, step), ...entrySchemas(def.right, step)];
      default:
        return [];
    }
  });
}

/** The schemas that may apply at `path`. */
export function schemasAt(schema: Schema, path: Path): Schema[] {
  return path.reduce<Schema[]>(
    (schemas, step) => schemas.flatMap((each) => entrySchemas(each, step)),
    [schema],
  );
}

/** Everything said about a setting on its layers and the options of its union; the outer word wins. */
export function describedBy(schema: Schema): SettingMeta {
  const def = definition(unwrap(schema));
  const options = def.type === 'union' ? def.options.map(describedBy) : [];
  return Object.assign({}, ...[...layers(schema).map(settingMeta), ...options].reverse());
}

function wrapped(schema: Schema): Schema | undefined {
  const def = definition(schema);
  switch (def.type) {
    case 'optional':
    case 'nullable':
    case 'nonoptional':
    case 'default':
    case 'prefault':
    case 'catch':
    case 'readonly':
      return def.innerType;
    case 'pipe':
      // z.preprocess() puts its function first; what it feeds is the schema people know.
      return definition(def.in).type === 'transform' ? def.out : def.in;
    case 'lazy':
      return def.getter();
    default:
      return undefined;
  }
}
