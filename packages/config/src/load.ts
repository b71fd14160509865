// Loads a config: file, then environment, then schema; the result is a frozen value or every
// problem there is.

import { z } from 'zod';
import { coerceText } from './coerce.ts';
import { type Document, type ReadText, readDocument } from './document.ts';
import { type Binding, overlay } from './environment.ts';
import { deepFreeze } from './freeze.ts';
import { findings, issueMessage, redact } from './messages.ts';
import { formatPath, isPlainObject, isWithin, type Path } from './path.ts';
import { byPosition, type Finding, type Problem } from './problem.ts';
import { describedBy, schemasAt } from './schema.ts';
import { type Environment, substitute } from './substitute.ts';
import { type EffectiveValue, effectiveValues, type Source } from './values.ts';

/** What to load. */
export interface LoadOptions<S extends z.ZodType> {
  /**
   * What the config has to be. Objects should be `z.strictObject`: `z.object` drops keys it does
   * not know without a word.
   */
  readonly schema: S;
  /** A .yaml, .yml, .json, .ts, .js or .mjs file. Without one, only `envNames` and defaults count. */
  readonly file?: string;
  /** The variables `${NAME}` in the file and `envNames` refer to. */
  readonly env: Environment;
  /** Dotted path of a setting → the variable that overrides it: `{ 'admin.address': 'ADMIN' }`. */
  readonly envNames?: Readonly<Record<string, string>>;
  /** Reads YAML and JSON files; from disk unless given. */
  readonly read?: ReadText;
}

/** A config that can be used, or everything that has to be fixed first. */
export type Loaded<T> =
  | {
      readonly ok: true;
      /** The validated config, frozen all the way down. */
      readonly config: T;
      readonly values: readonly EffectiveValue[];
    }
  | { readonly ok: false; readonly problems: readonly Problem[] };

/**
 * Loads and validates a config. Defaults yield to the file and the file to the environment.
 * Rejects only if the schema itself throws; all that can be wrong with a config is a problem.
 */
export async function loadConfig<S extends z.ZodType>(
  options: LoadOptions<S>,
): Promise<Loaded<z.output<S>>> {
  const { file, read } = options;
  if (file === undefined) return validate(options, { value: {}, locate: () => undefined });
  const result = await readDocument(file, read);
  if (result.ok) return validate(options, result.document);
  const problems = result.faults.map(({ path = [], ...fault }) => ({
    file,
    ...fault,
    path: formatPath(path),
  }));
  return { ok: false, problems: problems.sort(byPosition) };
}

function validate<S extends z.ZodType>(
  { schema, file, env, envNames = {} }: LoadOptions<S>,
  document: Document,
): Loaded<z.output<S>> {
  const { value: input, findings: unresolved } = substitute(document.value, env, (text, path) =>
    coerceText(text, schemasAt(schema, path)),
  );
  const bindings = isPlainObject(input) ? overlay(input, schema, envNames, env) : [];
  const bindingOf = (path: Path) => bindings.find((each) => isWithin(path, each.path));
  // A variable of its own makes a setting's text in the file irrelevant, and what is wrong in it.
  const unset = unresolved.filter(({ path }) => !bindingOf(path)?.isSet);
  const isSecret = (path: Path) =>
    [...path.keys(), path.length].some((depth) =>
      schemasAt(schema, path.slice(0, depth)).some((each) => describedBy(each).secret),
    );

  const parsed = z.safeParse(schema, input, { error: issueMessage, reportInput: true });
  if (!parsed.success || unset.length > 0) {
    const refused = findings(parsed.error?.issues ?? [])
      // What could not be substituted is reported already, as the cause of what follows from it.
      .filter(({ path }) => !unset.some((cause) => isWithin(path, cause.path)))
      .map(({ path, message }) => ({ path, message: isSecret(path) ? redact(message) : message }))
      .map((finding) => nameVariable(finding, bindingOf(finding.path)));
    const problems = [...unset, ...refused].map(({ path, message }) => {
      const isInFile = file !== undefined && !bindingOf(path)?.isSet;
      const place = isInFile ? { file, ...document.locate(path) } : {};
      return { ...place, path: formatPath(path), message };
    });
    return { ok: false, problems: problems.sort(byPosition) };
  }

  const sourceOf = (path: Path): Source => {
    const binding = bindingOf(path);
    if (binding?.isSet) return { kind: 'env', name: binding.name };
    const line = document.locate(path)?.line;
    return { kind: 'file', file: file ?? '', ...(line !== undefined && { line }) };
  };
  const config = deepFreeze(parsed.data);
  return { ok: true, config, values: effectiveValues(schema, config, { input, sourceOf }) };
}

function nameVariable(finding: Finding, binding: Binding | undefined): Finding {
  if (!binding) return finding;
  if (binding.isSet) return { ...finding, message: `${finding.message} (from ${binding.name})` };
  if (!finding.message.startsWith('missing;')) return finding;
  return { ...finding, message: `${finding.message} (or set ${binding.name})` };
}
