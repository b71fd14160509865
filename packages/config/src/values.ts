// The effective config, setting by setting, each with where its value came from.

import { formatDuration } from './duration.ts';
import { formatPath, hasPath, isPlainObject, type Path } from './path.ts';
import { alternatives, definition, describedBy, entrySchemas, type Schema } from './schema.ts';
import type { SettingMeta } from './setting.ts';
import { formatSize } from './size.ts';

/** Where a value came from. A default comes with its reason, when the schema gives one. */
export type Source =
  | { readonly kind: 'file'; readonly file: string; readonly line?: number }
  | { readonly kind: 'env'; readonly name: string }
  | { readonly kind: 'default'; readonly reason?: string };

/** One setting of a valid config. */
export interface EffectiveValue {
  readonly path: string;
  /** The resolved value (milliseconds, bytes); of a secret `<secret>`, or what may be printed. */
  readonly value: unknown;
  /** What a number counts: `ms`, `bytes`, or what the schema says. */
  readonly unit?: string;
  readonly source: Source;
}

/** How the values of a config were given. */
export interface Provenance {
  /** The input that was validated: the file with the environment laid over it. */
  readonly input: unknown;
  /** The source of what `input` has at `path`. */
  sourceOf(path: Path): Source;
}

/**
 * The leaves of `config` in its own order: objects as their schema has them, records and lists as
 * the file has them. An empty list or object is a leaf.
 */
export function effectiveValues(
  schema: Schema,
  config: unknown,
  provenance: Provenance,
): EffectiveValue[] {
  function leaves(
    value: unknown,
    path: Path,
    schemas: readonly Schema[],
    inherited: SettingMeta,
  ): EffectiveValue[] {
    const meta = mergeMeta(schemas, inherited);
    const entries = meta.secret ? [] : entriesOf(value);
    if (entries.length > 0) {
      const fitting = schemas.flatMap(alternatives).filter((option) => fits(option, value));
      return entries.flatMap(([step, entry]) => {
        const inside = fitting.flatMap((option) => entrySchemas(option, step));
        return leaves(entry, [...path, step], inside, meta);
      });
    }
    return [leaf(value, path, meta)];
  }

  function leaf(value: unknown, path: Path, { reason, secret, unit }: SettingMeta): EffectiveValue {
    const source = hasPath(provenance.input, path)
      ? provenance.sourceOf(path)
      : { kind: 'default' as const, ...(reason !== undefined && { reason }) };
    return {
      path: formatPath(path),
      value: shown(value, secret),
      ...(unit !== undefined && typeof value === 'number' && { unit }),
      source,
    };
  }

  return leaves(config, [], [schema], {});
}

function shown(value: unknown, secret: SettingMeta['secret']): unknown {
  if (typeof secret === 'function') return secret(value);
  return secret ? '<secret>' : value;
}

/** One aligned line per value: path, value in human form, source. */
export function formatValues(values: readonly EffectiveValue[]): string {
  const rows = values.map((each) => [each.path, formatValue(each), formatSource(each.source)]);
  const width = (column: number) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0));
  const [pathWidth, valueWidth] = [width(0), Math.min(width(1), 40)];
  return rows
    .map(
      ([path = '', value = '', source = '']) =>
        `${path.padEnd(pathWidth)}  ${value.padEnd(valueWidth)}  ${source}`,
    )
    .join('\n');
}

/** What is said of a setting: on its own layers, else — save for the unit — around it. */
function mergeMeta(schemas: readonly Schema[], { reason, secret }: SettingMeta): SettingMeta {
  const around: SettingMeta = {
    ...(reason !== undefined && { reason }),
    ...(secret !== undefined && { secret }),
  };
  return Object.assign(around, ...schemas.map(describedBy).reverse());
}

function entriesOf(value: unknown): [PropertyKey, unknown][] {
  if (Array.isArray(value)) return [...value.entries()];
  if (!isPlainObject(value)) return [];
  return Object.entries(value).filter(([, entry]) => entry !== undefined);
}

/** True when `value`, already validated, can have come from this option of a union. */
function fits(option: Schema, value: unknown): boolean {
  const def = definition(option);
  if (def.type !== 'object' || !isPlainObject(value)) return true;
  return Object.entries(def.shape).every(([key, { _zod }]) => {
    const isTag = definition(def.shape[key] ?? option).type === 'literal';
    return !isTag || [...(_zod.values ?? [])].some((allowed) => allowed === value[key]);
  });
}

/** A value as people write it: `2s`, `16KiB`, `9000 requests`. */
export function formatValue({ value, unit }: EffectiveValue): string {
  if (typeof value === 'number' && unit === 'ms') return formatDuration(value);
  if (typeof value === 'number' && unit === 'bytes') return formatSize(value);
  const isData = Array.isArray(value) || isPlainObject(value);
  const text = isData ? JSON.stringify(value) : String(value);
  return unit === undefined ? text : `${text} ${unit}`;
}

function formatSource(source: Source): string {
  switch (source.kind) {
    case 'file':
      return source.line === undefined ? source.file : `${source.file}:${source.line}`;
    case 'env':
      return `environment ${source.name}`;
    case 'default':
      return source.reason === undefined ? 'default' : `default: ${source.reason}`;
  }
}
