import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Fields, fieldLine } from '@headgate/http1';
import fc from 'fast-check';
import { fieldsOf } from '../fields.test-support.ts';
import { normalField } from './field-value.ts';
import { slowdown } from './slowdown.test-support.ts';
import { fieldsOf as storedFields } from './text-fields.ts';

function codings(value: string): string | undefined {
  return normalField('accept-encoding', fieldsOf(`Accept-Encoding: ${value}`));
}

function languages(value: string): string | undefined {
  return normalField('accept-language', fieldsOf(`Accept-Language: ${value}`));
}

/** Longer than parsers of messages take. */
function oneField(name: string, value: string): Fields {
  return storedFields(fieldLine(name, value));
}

describe('Accept-Encoding', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['gzip', 'gzip'],
    ['br, gzip, deflate', 'gzip,br,deflate'],
    ['GZip;q=0.5 , zstd;q=1.0', 'gzip,zstd'],
    ['x-gzip', 'identity'],
    ['gzip;q=0, br', 'br'],
    ['gzip;q=0.000', 'identity'],
    ['compress, sdch', 'identity'],
    ['identity', 'identity'],
    ['', 'identity'],
    ['*', 'gzip,br,zstd,deflate'],
    ['*, br;q=0', 'gzip,zstd,deflate'],
    ['gzip, identity;q=0', 'gzip,identity;q=0'],
    ['gzip, *;q=0', 'gzip,identity;q=0'],
    ['gzip, *;q=0, identity', 'gzip'],
    ['gzip;q=much', 'identity'],
  ];
  for (const [said, normal] of cases) {
    it(`"${said}" is ${normal}`, () => assert.equal(codings(said), normal));
  }

  it('is absent where there is none', () => {
    assert.equal(normalField('accept-encoding', fieldsOf('Accept: a')), undefined);
  });

  it('is in its normal form already when it is normal, whatever it was', () => {
    const item = fc.constantFrom('gzip', 'br', 'identity', '*', 'foo', '');
    const weight = fc.constantFrom('', ';q=0', ';q=0.5', '; q=1', ';q=x', ';x=1');
    const list = fc.array(fc.tuple(item, weight).map(([name, q]) => name + q));
    fc.assert(
      fc.property(list, (members) => {
        const normal = codings(members.join(', ')) as string;
        assert.equal(codings(normal), normal);
      }),
    );
  });
});

describe('Accept-Language', () => {
  const same: readonly (readonly [string, string])[] = [
    ['en, de', 'de, en'],
    ['en, de', 'eN, De'],
    ['en, de', ' en ,  de'],
    ['en;q=0.5, de', 'de;q=1.0,EN; q=0.50'],
  ];
  for (const [one, other] of same) {
    it(`"${one}" means what "${other}" means`, () => {
      assert.equal(languages(one), languages(other));
    });
  }

  const different: readonly (readonly [string, string])[] = [
    ['en, de', 'en'],
    ['en, de;q=0.5', 'en;q=0.5, de'],
    ['en;q=0.5', 'en;q=.5'],
    ['en;q=0', 'en'],
    ['en;q=1;x', 'en'],
  ];
  for (const [one, other] of different) {
    it(`"${one}" does not mean what "${other}" means`, () => {
      assert.notEqual(languages(one), languages(other));
    });
  }
});

describe('any field', () => {
  it('has a normal form without line feeds, which is its own, whatever its value', () => {
    const name = fc.constantFrom('accept-encoding', 'accept-language', 'foo');
    const value = fc.string({
      unit: fc.constantFrom('a', 'q', '=', '"', '\\', ',', ';', ' ', '0', '*'),
    });
    fc.assert(
      fc.property(name, value, (field, text) => {
        const normal = normalField(field, fieldsOf(`${field}: ${text}`)) as string;
        assert.ok(!normal.includes('\n'));
        assert.equal(normalField(field, fieldsOf(`${field}: ${normal}`)), normal);
      }),
      { numRuns: 2_000, examples: [['accept-language', '"a,","']] },
    );
  });

  for (const part of ['"\\', '"', ',"a', ' ', '\\"']) {
    it(`takes time by its length alone, however often it has ${part}`, () => {
      assert.ok(
        slowdown((size) => normalField('foo', oneField('foo', `,${part.repeat(size)}`))) < 32,
      );
    });
  }
});
