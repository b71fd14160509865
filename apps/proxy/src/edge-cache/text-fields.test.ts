import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type FieldLines, type Fields, fieldLine, NameSet } from '@headgate/http1';
import fc from 'fast-check';
import { fieldsIn, fieldsOf as parsed, requestHead } from '../fields.test-support.ts';
import { freezeFields } from './frozen-fields.ts';
import { endToEndWhere, fieldsOf, ownText } from './text-fields.ts';

const token = fc.string({
  unit: fc.constantFrom('a', 'B', 'c', '-', '_', '!'),
  minLength: 1,
  maxLength: 3,
});
const value = fc.string({ unit: fc.constantFrom('a', ' ', '\t', ':', ',', 'ÿ') });
const lines = fc
  .array(fc.tuple(token, value))
  .map((all) => all.map(([name, said]) => fieldLine(name, said)).join('') as FieldLines);

/** All that can be asked of fields. */
function shown(fields: Fields) {
  const names = ['a', 'b-', 'c', 'aa', 'nowhere'];
  return {
    all: Array.from({ length: fields.count }, (_, i) => [fields.name(i), fields.value(i)]),
    is: names.map((name) => Array.from({ length: fields.count }, (_, i) => fields.is(i, name))),
    first: names.map((name) => fields.find(name)),
    later: names.map((name) => fields.find(name, 1)),
    endToEnd: fields.endToEnd(),
    without: fields.endToEnd(new NameSet(['a', 'b-'])),
  };
}

describe('fields over text', () => {
  it('read as the parser reads them', () => {
    fc.assert(
      fc.property(lines, (text) => {
        assert.deepEqual(shown(fieldsOf(text)), shown(fieldsIn(text)));
      }),
    );
  });

  it('keep one character for each byte', () => {
    const text = fieldLine('etag', '"abcdefü"');
    assert.equal(fieldsOf(ownText(text)).value(0), '"abcdefü"');
  });

  it('are told apart by name, of those that are passed on', () => {
    const fields = parsed('Connection: b', 'A: 1', 'B: 2', 'C: 3', 'a: 4');
    assert.equal(
      endToEndWhere(fields, (name) => name !== 'c'),
      'A: 1\r\na: 4\r\n',
    );
  });
});

describe('fields that are frozen', () => {
  const head = () =>
    requestHead(
      'POST / HTTP/1.1',
      'Host: a',
      'Connection: close, X-Hop',
      'A:  1 ',
      'X-Hop: 2',
      'Content-Length: 3',
      'a: 4',
    );

  it('say what they said, field by field', () => {
    const { fields } = head();
    const frozen = freezeFields(fields);
    for (const name of ['host', 'connection', 'a', 'x-hop', 'content-length', 'none']) {
      const valuesIn = (all: Fields) => {
        const values: string[] = [];
        for (let i = all.find(name); i >= 0; i = all.find(name, i + 1)) values.push(all.value(i));
        return values;
      };
      assert.deepEqual(valuesIn(frozen), valuesIn(fields), name);
    }
    assert.equal(frozen.count, fields.count);
  });

  it('pass on what they passed on', () => {
    const { fields } = head();
    const frozen = freezeFields(fields);
    assert.equal(frozen.endToEnd(), fields.endToEnd());
    assert.equal(frozen.endToEnd(new NameSet(['a'])), fields.endToEnd(new NameSet(['a'])));
    assert.equal(freezeFields(frozen).endToEnd(), fields.endToEnd());
  });

  it('are as they were, for any fields', () => {
    fc.assert(
      fc.property(lines, (text) => {
        assert.deepEqual(shown(freezeFields(fieldsIn(text))), shown(fieldsIn(text)));
      }),
    );
  });
});
