// Puts zod's issues into this project's words. A message the schema's author wrote always wins.

import type { core } from 'zod';
import { describe, describeChoice, describeValue } from './describe.ts';
import { nearest } from './nearest.ts';
import type { Path } from './path.ts';
import type { Finding } from './problem.ts';
import { definition, type Schema } from './schema.ts';

/**
 * The words for one issue, given to zod as its error map because only there the schema that
 * refused is known. Several unknown keys are one issue: one line of the message for each.
 */
export function issueMessage(issue: core.$ZodRawIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return issue.keys.map((key) => unknownKey(key, knownKeys(issue.schema))).join('\n');
    case 'invalid_key':
    case 'invalid_element':
      return `not a name that fits here: ${issue.issues[0]?.message ?? 'refused'}`;
    case 'invalid_union':
      if (issue.discriminator !== undefined) return noSuchKind(issue);
      return expectedGot(issue);
    case 'custom':
      return `expected a different value, got ${describeGot(issue)}`;
    default:
      return expectedGot(issue);
  }
}

/** Flattens issues into findings: unknown keys one by one, unions down to the option meant. */
export function findings(issues: readonly core.$ZodIssue[], base: Path = []): Finding[] {
  return issues.flatMap((issue) => {
    const path = [...base, ...issue.path];
    if (issue.code === 'unrecognized_keys') {
      const lines = issue.message.split('\n');
      return issue.keys.map((key, index) => ({
        path: [...path, key],
        message: lines[index] ?? issue.message,
      }));
    }
    if (issue.code === 'invalid_union' && typeof issue.input === 'object') {
      const meant = issue.errors.filter(isAboutContents);
      if (meant.length === 1 && meant[0]) return findings(meant[0], path);
    }
    return [{ path, message: issue.message }];
  });
}

/** A message without the value it quotes. */
export function redact(message: string): string {
  const quote = message.indexOf(', got ');
  return quote === -1 ? message : `${message.slice(0, quote)}, got <secret>`;
}

/** True when an option of a union took the kind of value it got and found fault inside it. */
function isAboutContents(issues: readonly core.$ZodIssue[]): boolean {
  return issues.every((issue) => {
    if (issue.path.length > 0) return true;
    if (issue.code === 'invalid_union') return issue.errors.some(isAboutContents);
    return issue.code !== 'invalid_type' && issue.code !== 'invalid_value';
  });
}

function expectedGot(issue: core.$ZodRawIssue): string {
  const { schema, input } = issue;
  const expected = schema ? describe(schema) : 'a different value';
  if (input === undefined) return `missing; expected ${expected}`;
  const guess = typeof input === 'string' ? nearest(input, choices(schema)) : undefined;
  const suggestion = guess === undefined ? '' : `, did you mean ${JSON.stringify(guess)}?`;
  return `expected ${expected}, got ${describeGot(issue)}${suggestion}`;
}

function describeGot({ input, code }: core.$ZodRawIssue): string {
  const isAboutLength = code === 'too_small' || code === 'too_big';
  if (isAboutLength && Array.isArray(input) && input.length > 0) return `${input.length}`;
  return describeValue(input);
}

function noSuchKind(issue: core.$ZodRawIssue<core.$ZodIssueInvalidUnion>): string {
  const options = 'options' in issue && Array.isArray(issue.options) ? issue.options : [];
  const expected = describeChoice(options);
  const tag = issue.discriminator ?? '';
  const input = Object.entries(issue.input ?? {}).find(([key]) => key === tag)?.[1];
  if (input === undefined) return `missing; expected ${expected}`;
  return `expected ${expected}, got ${describeValue(input)}`;
}

function unknownKey(key: string, known: readonly string[]): string {
  const guess = nearest(key, known);
  if (guess !== undefined) return `unknown setting, did you mean ${JSON.stringify(guess)}?`;
  if (known.length === 0) return 'unknown setting; nothing can be set here';
  return `unknown setting; known here: ${known.join(', ')}`;
}

function knownKeys(schema: Schema | undefined): string[] {
  if (!schema) return [];
  const def = definition(schema);
  if (def.type === 'object') return Object.keys(def.shape);
  if (def.type === 'record') return choices(def.keyType);
  return [];
}

function choices(schema: Schema | undefined): string[] {
  if (!schema) return [];
  const def = definition(schema);
  const options = def.type === 'union' ? def.options : [schema];
  return options
    .flatMap((option) => [...(option._zod.values ?? [])])
    .filter((value) => typeof value === 'string');
}
