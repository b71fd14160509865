import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { meantUpstream } from './upstream-name.ts';

const keys = [
  'http://10.0.0.1:4001',
  'http://10.0.0.2:4001',
  'http://10.0.0.2:14001',
  'https://api.example',
  'http://[::1]:4003',
  'unix:/run/app:4004',
];

const clear: [text: string, upstream: string][] = [
  ['http://10.0.0.1:4001', 'http://10.0.0.1:4001'],
  ['http://10.0.0.1:4001/', 'http://10.0.0.1:4001'],
  ['10.0.0.2:4001', 'http://10.0.0.2:4001'],
  [':14001', 'http://10.0.0.2:14001'],
  ['api.example:443', 'https://api.example'],
  [':443', 'https://api.example'],
  ['[::1]:4003', 'http://[::1]:4003'],
  ['unix:/run/app:4004', 'unix:/run/app:4004'],
  // Unknown here: the edge says what there is instead.
  [':4004', ':4004'],
  ['0.0.2:4001', '0.0.2:4001'],
  ['http://10.0.0.9:1', 'http://10.0.0.9:1'],
];

describe('an upstream by a short name', () => {
  for (const [text, upstream] of clear) {
    it(`${text} is ${upstream}`, () => {
      assert.deepEqual(meantUpstream(text, keys), { ok: true, upstream });
    });
  }

  it('is not guessed where it may be several', () => {
    assert.deepEqual(meantUpstream(':4001', keys), {
      ok: false,
      why: '":4001" may be http://10.0.0.1:4001 or http://10.0.0.2:4001',
    });
  });
});
