// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax under test
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { substitute } from './substitute.ts';

const env = { HOST: 'example.com', EMPTY: '', PORT: '80' };
const keep = (text: string) => text;
const replace = (text: string) => substitute(text, env, keep).value;

test('references in strings are replaced at any depth', () => {
  const input = { list: ['http://${HOST}:${PORT}/'], plain: 5, none: null };
  const { value, findings } = substitute(input, env, keep);
  assert.deepEqual(value, { list: ['http://example.com:80/'], plain: 5, none: null });
  assert.deepEqual(findings, []);
});

test('a default stands in for a variable that is unset or empty', () => {
  assert.equal(replace('${NOPE:-8080}'), '8080');
  assert.equal(replace('${EMPTY:-8080}'), '8080');
  assert.equal(replace('${PORT:-8080}'), '80');
  assert.equal(replace('${NOPE:-}'), '');
  assert.equal(replace('${EMPTY}'), '');
});

test('an escaped reference stays as text', () => {
  assert.equal(replace('$${HOST}'), '${HOST}');
  assert.equal(replace('$${${HOST}}'), '${example.com}');
  assert.equal(replace('costs $5, {HOST}'), 'costs $5, {HOST}');
});

test('what a variable holds is never substituted again', () => {
  assert.equal(substitute('${A}', { A: '${B}', B: 'x' }, keep).value, '${B}');
});

test('names the object prototype knows are not variables', () => {
  assert.equal(substitute('${constructor}', {}, keep).findings.length, 1);
});

test('only a string that is one whole reference is converted', () => {
  const converted: unknown[] = [];
  const input = { a: '${PORT}', b: 'x${PORT}', c: '80', d: ['${NOPE:-2}'] };
  substitute(input, env, (text, path) => converted.push([text, path]));
  assert.deepEqual(converted, [
    ['80', ['a']],
    ['2', ['d', 0]],
  ]);
});

test('every unset or malformed reference is found', () => {
  const { findings } = substitute({ a: '${A}-${B}', b: ['${not ok}', '${HOST'] }, env, keep);
  assert.deepEqual(findings, [
    { path: ['a'], message: 'environment variable A is not set (write ${A:-value} for a default)' },
    { path: ['a'], message: 'environment variable B is not set (write ${B:-value} for a default)' },
    { path: ['b', 0], message: '"${not ok}" names no variable (write $${ for a literal ${)' },
    { path: ['b', 1], message: '"${HOST" names no variable (write $${ for a literal ${)' },
  ]);
});

test('a cycle is found instead of followed; a shared object is not a cycle', () => {
  const cyclic: Record<string, unknown> = {};
  cyclic.self = [cyclic];
  assert.deepEqual(substitute(cyclic, env, keep).findings, [
    { path: ['self', 0], message: 'contains itself; write it out without a cycle' },
  ]);
  const shared = { a: 1 };
  assert.deepEqual(substitute([shared, shared], env, keep).findings, []);
});

test('escaping every reference gives back any text', () => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom('$', '{', '}', 'A', ':-') }), (text) => {
      const escaped = text.replaceAll('${', () => '$${');
      // "$${" directly after a "$" would be read from the left, one "$" too early.
      fc.pre(!text.includes('$${'));
      assert.equal(replace(escaped), text);
    }),
  );
});
