import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { findJsonError } from './json-syntax.ts';
import { parseJson, parseYaml } from './text-document.ts';

function lineOf(parse: typeof parseYaml, text: string, path: (string | number)[]) {
  const result = parse(text);
  assert.ok(result.ok);
  return result.document.locate(path)?.line;
}

const yaml = `# comment
services:
  items:
    upstreams:
      - url: a
      - url: b
        weight: 2
  other: &other
    policy: x
copy: *other
8080: port
`;

test('a path leads to the line of its key, or of its item in a list', () => {
  assert.equal(lineOf(parseYaml, yaml, ['services', 'items']), 3);
  assert.equal(lineOf(parseYaml, yaml, ['services', 'items', 'upstreams', 1]), 6);
  assert.equal(lineOf(parseYaml, yaml, ['services', 'items', 'upstreams', 1, 'weight']), 7);
  assert.equal(lineOf(parseYaml, yaml, ['8080']), 11);
  assert.equal(lineOf(parseYaml, yaml, []), 2);
});

test('a path through an alias leads to where the value is written', () => {
  assert.equal(lineOf(parseYaml, yaml, ['copy']), 10);
  assert.equal(lineOf(parseYaml, yaml, ['copy', 'policy']), 9);
});

test('a path that is not there leads to the nearest thing around it', () => {
  assert.equal(lineOf(parseYaml, yaml, ['services', 'items', 'timeout']), 3);
  assert.equal(lineOf(parseYaml, yaml, ['services', 'items', 'upstreams', 7, 'url']), 4);
  assert.equal(lineOf(parseYaml, yaml, ['nothing', 'here']), 2);
});

test('JSON has lines too', () => {
  const text = '{\n  "a": [\n    1,\n    {"b": true}\n  ]\n}';
  assert.equal(lineOf(parseJson, text, ['a', 1, 'b']), 4);
  assert.equal(lineOf(parseJson, text, ['a']), 2);
});

test('JSON is strict: what only YAML allows is refused at its place', () => {
  const cases: [string, number, number, string][] = [
    ['{"a": 1,}', 1, 9, 'expected a key in double quotes, got "}"'],
    ['{\n  a: 1\n}', 2, 3, 'expected a key in double quotes, got "a"'],
    ['{"a": \'x\'}', 1, 7, 'expected a value, got "\'"'],
    ['// hi\n{}', 1, 1, 'expected a value, got "/"'],
    ['{"a": [1, 2', 1, 12, 'expected "," or "]", got the end'],
    ['{"a" 1}', 1, 6, 'expected ":", got "1"'],
    ['{} {}', 1, 4, 'expected the end of the file, got "{"'],
    ['[01]', 1, 3, 'expected "," or "]", got "1"'],
  ];
  for (const [text, line, column, message] of cases) {
    const faults = [{ line, column, message: `not valid JSON: ${message}` }];
    assert.deepEqual(parseJson(text), { ok: false, faults }, text);
  }
});

test('the scanner and JSON.parse agree on what JSON is', () => {
  const fragment = fc.constantFrom(
    ...'{}[]",:01.-eE+\\u \ntfn',
    'true',
    'null',
    '"a"',
    '{"a":',
    '\u0001',
  );
  const nearlyJson = fc.array(fragment, { maxLength: 12 }).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.oneof(nearlyJson, fc.json()), (text) => {
      let isJson = true;
      try {
        JSON.parse(text);
      } catch {
        isJson = false;
      }
      assert.equal(findJsonError(text) === undefined, isJson, text);
    }),
    { numRuns: 2000 },
  );
});

test('whatever JSON holds comes out of both parsers alike', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.string(), fc.jsonValue(), { minKeys: 1 }), (value) => {
      const text = JSON.stringify(value, null, 2);
      const expected: unknown = JSON.parse(text);
      const result = parseJson(text);
      assert.ok(result.ok);
      assert.deepEqual(result.document.value, expected);
    }),
  );
});

test('hostile depth and alias bombs are faults, not crashes', () => {
  const deep = '['.repeat(50_000);
  assert.equal(parseJson(deep).ok, false);
  assert.equal(parseYaml(deep).ok, false);
  const lists = ['a: &a [x,x,x,x,x,x,x,x,x]'];
  for (const [index, name] of [...'bcdefg'].entries()) {
    lists.push(`${name}: &${name} [${Array(9).fill(`*${'abcdef'[index]}`).join(',')}]`);
  }
  assert.equal(parseYaml(lists.join('\n')).ok, false);
});
