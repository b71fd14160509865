import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ProxyConfig, type ProxyConfigInput, proxySchema, staticConfig } from '../config.ts';
import { expandUpstreams, type FoundUpstream } from './expand.ts';

type Entries = ProxyConfigInput['services'][string]['upstreams'];

function configOf(upstreams: Entries): ProxyConfig {
  return proxySchema.parse({
    listeners: [{ address: '127.0.0.1:0' }],
    services: { items: { upstreams } },
    routes: [{ service: 'items' }],
  });
}

function expanded(upstreams: Entries, found: Record<string, FoundUpstream[]> = {}) {
  const config = expandUpstreams(configOf(upstreams), new Map(Object.entries(found)));
  // As it arrives in another process.
  return JSON.parse(JSON.stringify(config.services.items?.upstreams));
}

describe('the effective config', () => {
  it('has upstreams by their URL as they are written', () => {
    const written = {
      url: 'https://10.0.0.1',
      weight: 2,
      zone: 'a',
      maxInFlight: 9,
      tlsName: 'x.y',
    };
    assert.deepEqual(expanded([written]), [written]);
  });

  it('multiplies the weight of the entry and what was found', () => {
    const found = { 'dns http://a.test': [{ url: 'http://10.0.0.1:80', weight: 0.5 }] };
    const [one] = expanded([{ dns: 'http://a.test', weight: 3 }], found);
    assert.equal(one.weight, 1.5);
  });

  it('gives what was found the zone and limit of its entry, unless it has its own', () => {
    const found = {
      'file a.json': [
        { url: 'http://10.0.0.1', weight: 1 },
        { url: 'http://10.0.0.2', weight: 1, zone: 'b', maxInFlight: 7 },
      ],
    };
    assert.deepEqual(expanded([{ file: 'a.json', zone: 'a', maxInFlight: 5 }], found), [
      { url: 'http://10.0.0.1', weight: 1, zone: 'a', maxInFlight: 5 },
      { url: 'http://10.0.0.2', weight: 1, zone: 'b', maxInFlight: 7 },
    ]);
  });

  it('prefers the TLS name that is written to the one that was found', () => {
    const found = {
      'dns https://a.test': [{ url: 'https://1.1.1.1:443', weight: 1, tlsName: 'a' }],
    };
    assert.equal(expanded([{ dns: 'https://a.test' }], found)[0].tlsName, 'a');
    assert.equal(expanded([{ dns: 'https://a.test', tlsName: 'b' }], found)[0].tlsName, 'b');
  });

  it('has an address once, as the first entry has it', () => {
    const found = {
      'dns http://a.test': [{ url: 'http://10.0.0.1:80', weight: 1 }],
      'dns http://b.test': [
        { url: 'http://10.0.0.1:80', weight: 1 },
        { url: 'http://10.0.0.2:80', weight: 1 },
      ],
    };
    const entries = [{ dns: 'http://a.test', weight: 5 }, { dns: 'http://b.test' }];
    assert.deepEqual(expanded(entries, found), [
      { url: 'http://10.0.0.1:80', weight: 5 },
      { url: 'http://10.0.0.2:80', weight: 1 },
    ]);
  });

  it('has a service without upstreams while nothing is found', () => {
    const config = staticConfig(configOf([{ dns: 'http://a.test' }]));
    assert.deepEqual(config.services.items?.upstreams, []);
    assert.equal(config.services.items?.policy, 'least-connections');
  });
});
