import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { UpstreamEntry } from '../config.ts';
import { type Findings, needsOf, setOf } from './sets.ts';

const findings: Findings = {
  addressesOf: (name) =>
    ({ 'items.test': ['10.0.0.1', 'fd00::1'], 'one.test': ['10.0.1.1'] })[name] ?? [],
  targetsOf: (name) =>
    name.endsWith('items.test')
      ? [
          { name: 'one.test', port: 4_001, priority: 0, weight: 30 },
          { name: '10.9.9.9', port: 4_002, priority: 0, weight: 10 },
        ]
      : [],
  listOf: () => [{ url: 'http://10.0.2.1:80', weight: 3 }],
};

function entry(written: Partial<UpstreamEntry>): UpstreamEntry {
  return { weight: 1, ...written };
}

describe('what an entry stands for', () => {
  it('is every address of a name, with the port of its URL', () => {
    assert.deepEqual(setOf(entry({ dns: 'http://items.test:4001' }), findings), [
      { url: 'http://10.0.0.1:4001', weight: 1, tlsName: undefined },
      { url: 'http://[fd00::1]:4001', weight: 1, tlsName: undefined },
    ]);
  });

  it('asks for the certificate of the name it was found by', () => {
    const [first] = setOf(entry({ dns: 'https://items.test' }), findings);
    assert.deepEqual(first, { url: 'https://10.0.0.1:443', weight: 1, tlsName: 'items.test' });
    const srv = setOf(entry({ srv: 'https://_https._tcp.items.test' }), findings);
    assert.deepEqual(
      srv.map(({ tlsName }) => tlsName),
      ['items.test', 'items.test'],
    );
  });

  it('is the targets of SRV records, with their ports and weights', () => {
    assert.deepEqual(setOf(entry({ srv: 'http://_http._tcp.items.test' }), findings), [
      { url: 'http://10.0.1.1:4001', weight: 1.5, tlsName: undefined },
      { url: 'http://10.9.9.9:4002', weight: 0.5, tlsName: undefined },
    ]);
  });

  it('is what a file lists', () => {
    const set = [{ url: 'http://10.0.2.1:80', weight: 3 }];
    assert.deepEqual(setOf(entry({ file: './list.json' }), findings), set);
  });

  it('needs nobody to be asked when it is an address already', () => {
    const written = entry({ dns: 'http://[fd00::7]:80' });
    assert.equal(needsOf([written], findings).addresses.size, 0);
    assert.deepEqual(
      setOf(written, findings).map(({ url }) => url),
      ['http://[fd00::7]:80'],
    );
  });
});

describe('what entries need', () => {
  it('is each name once, and the targets of SRV records', () => {
    const needs = needsOf(
      [
        entry({ url: 'http://never.test' }),
        entry({ dns: 'http://items.test:1' }),
        entry({ dns: 'https://ITEMS.test:2' }),
        entry({ srv: 'http://_http._tcp.items.test' }),
        entry({ file: 'a.json' }),
      ],
      findings,
    );
    assert.deepEqual([...needs.addresses], ['items.test', 'one.test']);
    assert.deepEqual([...needs.targets], ['_http._tcp.items.test']);
    assert.deepEqual([...needs.files], ['a.json']);
  });
});
