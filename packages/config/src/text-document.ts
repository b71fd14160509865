// Parses YAML and JSON and finds the place of every setting in them.

import {
  isAlias,
  isMap,
  isNode,
  isPair,
  isScalar,
  isSeq,
  LineCounter,
  type Pair,
  parseDocument,
  visit,
  type YAMLError,
  type Document as YamlDocument,
} from 'yaml';
import type { FileFault, Position, ReadResult } from './document.ts';
import { findJsonError, type JsonSyntaxError } from './json-syntax.ts';
import type { Path } from './path.ts';

/** Parses YAML 1.2. Every syntax error, duplicate key and unknown tag is a fault. */
export function parseYaml(text: string): ReadResult {
  try {
    const { document, lines } = parse(text);
    const faults = [...document.errors, ...document.warnings].map((error) =>
      toFault(error, document, lines),
    );
    if (faults.length > 0) return { ok: false, faults };
    const value: unknown = document.toJS();
    if (value === null) return { ok: false, faults: [{ message: 'the file is empty' }] };
    return { ok: true, document: { value, locate: locator(document, lines) } };
  } catch (error) {
    return { ok: false, faults: [{ message: `cannot be read as YAML: ${whyThrown(error)}` }] };
  }
}

/** Parses strict JSON; of the YAML parser it takes positions and repeated keys only. */
export function parseJson(text: string): ReadResult {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return { ok: false, faults: [jsonFault(text, error)] };
  }
  try {
    const { document, lines } = parse(text);
    const repeated = document.errors.filter(({ code }) => code === 'DUPLICATE_KEY');
    if (repeated.length > 0) {
      return { ok: false, faults: repeated.map((error) => toFault(error, document, lines)) };
    }
    return { ok: true, document: { value, locate: locator(document, lines) } };
  } catch (error) {
    return { ok: false, faults: [{ message: `cannot be read as JSON: ${whyThrown(error)}` }] };
  }
}

function parse(text: string): { document: YamlDocument.Parsed; lines: LineCounter } {
  const lines = new LineCounter();
  const options = { lineCounter: lines, prettyErrors: false, logLevel: 'error' } as const;
  return { document: parseDocument(text, options), lines };
}

/** Aliases that multiply without end and nesting that exhausts the stack are thrown, not listed. */
function whyThrown(error: unknown): string {
  if (error instanceof RangeError) return 'nested too deeply';
  return error instanceof Error ? error.message : String(error);
}

function toFault(
  { code, message, pos }: YAMLError,
  document: YamlDocument.Parsed,
  lines: LineCounter,
): FileFault {
  const place = position(lines, pos[0]);
  switch (code) {
    case 'DUPLICATE_KEY':
      return {
        ...place,
        path: pathOfKey(document, pos[0]),
        message: 'set twice; keep one of them',
      };
    case 'RESOURCE_EXHAUSTION':
      return { ...place, message: 'nested too deeply' };
    default:
      return { ...place, message };
  }
}

function pathOfKey(document: YamlDocument.Parsed, offset: number): Path {
  let path: Path = [];
  visit(document, {
    Pair(_, pair, ancestors) {
      if (!isScalar(pair.key) || pair.key.range?.[0] !== offset) return undefined;
      const nodes = [...ancestors, pair];
      path = nodes.flatMap((node, depth): Path => {
        if (isSeq(node)) return [node.items.indexOf(nodes[depth + 1])];
        return isPair(node) ? [keyText(node)] : [];
      });
      return visit.BREAK;
    },
  });
  return path;
}

/** The name of a key as objects have it; keys that are lists or objects have none to look up. */
function keyText({ key }: Pair): string {
  return isScalar(key) ? String(key.value ?? '') : '';
}

function jsonFault(text: string, error: unknown): FileFault {
  let found: JsonSyntaxError | undefined;
  try {
    found = findJsonError(text);
  } catch {
    // Nested so deeply that looking for the place exhausts the stack.
  }
  if (!found) return { message: `not valid JSON: ${whyThrown(error)}` };
  const { offset, expected } = found;
  const before = text.slice(0, offset).split('\n');
  const got = text[offset] === undefined ? 'the end' : JSON.stringify(text[offset]);
  return {
    line: before.length,
    column: (before.at(-1)?.length ?? 0) + 1,
    message: `not valid JSON: expected ${expected}, got ${got}`,
  };
}

/** Looks paths up in the tree of nodes, which is kept for as long as the function is. */
function locator(document: YamlDocument.Parsed, lines: LineCounter) {
  return (path: Path): Position | undefined => {
    let node: unknown = document.contents;
    let anchor: unknown = node;
    for (const step of path) {
      const entry = entryOf(isAlias(node) ? node.resolve(document) : node, step);
      if (!entry) break;
      node = entry.value;
      anchor = entry.key ?? node;
    }
    const offset = isNode(anchor) ? anchor.range?.[0] : undefined;
    return offset === undefined ? undefined : position(lines, offset);
  };
}

function entryOf(node: unknown, step: PropertyKey): { key?: unknown; value: unknown } | undefined {
  if (isMap(node)) {
    return node.items.find((pair) => isScalar(pair.key) && keyText(pair) === String(step));
  }
  if (isSeq(node) && Number(step) < node.items.length) return { value: node.items[Number(step)] };
  return undefined;
}

function position(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset);
  return { line, column: col };
}
