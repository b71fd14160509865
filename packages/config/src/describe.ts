// Says in words what a schema accepts and what a value is: the two halves of "expected X, got Y".

import { limits } from './limits.ts';
import { definition, layers, type Schema } from './schema.ts';
import { settingMeta } from './setting.ts';

/** What `schema` accepts, to complete "expected …": `a whole number from 1 to 65535`. */
export function describe(schema: Schema): string {
  const chain = layers(schema);
  const said = chain.map((layer) => settingMeta(layer).expects).find((text) => text !== undefined);
  if (said !== undefined) return said;
  const isNullable = chain.some((layer) => definition(layer).type === 'nullable');
  const words = describeType(chain.at(-1) ?? schema);
  return isNullable ? `${words} or null` : words;
}

/** What a value is, to complete "got …": strings quoted and cut, lists and objects by kind only. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return quote(value.length > 60 ? `${value.slice(0, 57)}…` : value);
  if (value === undefined) return 'nothing';
  if (value === null) return 'nothing (null)';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty list' : 'a list';
  if (typeof value === 'object') return 'an object';
  return typeof value === 'function' ? 'a function' : String(value);
}

/** The words for a fixed choice: `"off"`, or `one of "a", "b"`. */
export function describeChoice(values: readonly unknown[]): string {
  const quoted = values.map(quote);
  return quoted.length === 1 ? (quoted[0] ?? '') : `one of ${quoted.join(', ')}`;
}

function describeType(schema: Schema): string {
  const def = definition(schema);
  switch (def.type) {
    case 'string':
      return describeText(schema);
    case 'number':
      return describeNumber(schema);
    case 'boolean':
      return 'true or false';
    case 'null':
      return 'null';
    case 'enum':
    case 'literal':
      return describeChoice([...(schema._zod.values ?? [])]);
    case 'array':
    case 'set':
      return `a list${describeLength(schema, 'entry', 'entries')}`;
    case 'tuple':
      return `a list of ${def.items.length} entries`;
    case 'object':
      return describeObject(def.shape);
    case 'record':
    case 'map':
      return 'an object';
    case 'union':
      return describeUnion(def.options);
    case 'intersection':
      return describe(def.left);
    default:
      return 'a different value';
  }
}

const formats: Readonly<Record<string, string>> = {
  url: 'a URL such as http://127.0.0.1:8080',
  ipv4: 'an IPv4 address',
  ipv6: 'an IPv6 address',
  cidrv4: 'an IPv4 range such as 10.0.0.0/8',
  cidrv6: 'an IPv6 range such as fd00::/8',
};

function describeText(schema: Schema): string {
  const { format, minLength, maxLength } = limits(schema);
  if (format?.startsWith('/')) return `text matching ${format}`;
  if (format !== undefined) return formats[format] ?? `text in the form of ${format}`;
  if (minLength === 1 && maxLength === undefined) return 'text that is not empty';
  return `text${describeLength(schema, 'character', 'characters')}`;
}

function describeNumber(schema: Schema): string {
  const { isWhole, min, max, multipleOf } = limits(schema);
  const words = isWhole ? 'a whole number' : 'a number';
  const step = multipleOf === undefined ? '' : ` divisible by ${multipleOf}`;
  if (min?.isInclusive && max?.isInclusive) {
    return `${words} from ${min.value} to ${max.value}${step}`;
  }
  const bounds = [
    ...(min ? [`${min.isInclusive ? 'at least' : 'more than'} ${min.value}`] : []),
    ...(max ? [`${max.isInclusive ? 'at most' : 'less than'} ${max.value}`] : []),
  ];
  return `${words}${bounds.length > 0 ? ` of ${bounds.join(' and ')}` : ''}${step}`;
}

function describeLength(schema: Schema, one: string, many: string): string {
  const { minLength: min, maxLength: max } = limits(schema);
  const noun = (count: number) => `${count} ${count === 1 ? one : many}`;
  if (min !== undefined && min === max) return ` of ${noun(min)}`;
  if (min !== undefined && max !== undefined) return ` of ${min} to ${noun(max)}`;
  if (min !== undefined) return ` of at least ${noun(min)}`;
  return max === undefined ? '' : ` of at most ${noun(max)}`;
}

function describeObject(shape: Readonly<Record<string, Schema>>): string {
  const required = Object.keys(shape).filter((key) => shape[key]?._zod.optin === undefined);
  return required.length === 0 || required.length > 3
    ? 'an object'
    : `an object with ${required.join(', ')}`;
}

function describeUnion(options: readonly Schema[]): string {
  const choices = options.map((option) => [...(option._zod.values ?? [])].map(quote));
  if (choices.every((values) => values.length > 0)) return `one of ${choices.flat().join(', ')}`;
  const words = options.flatMap((option, index) =>
    choices[index]?.length ? choices[index] : [describe(option)],
  );
  return `${words.slice(0, -1).join(', ')} or ${words.at(-1)}`;
}

function quote(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
