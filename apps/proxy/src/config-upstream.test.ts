import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type BrokenConfig,
  itRefuses,
  lines,
  serving,
  whole,
} from './broken-config.test-support.ts';
import { proxySchema } from './config.ts';
import { explainRequest } from './explain.ts';

/** A service with a second upstream, on line 7, that is written like this. */
function entry(...written: string[]): string {
  return serving(`      - { ${written.join(', ')} }`);
}

const table: BrokenConfig[] = [
  {
    name: 'an upstream that is nowhere',
    text: entry('weight: 2'),
    problems: ['7  services.items.upstreams[1]: expected one of url, dns, srv, file'],
  },
  {
    name: 'an upstream in two places',
    text: entry('url: http://10.0.0.1', 'dns: http://items.internal'),
    problems: [
      '7  services.items.upstreams[1].dns: an entry has one of url, dns, srv, file, and this one has url',
    ],
  },
  {
    name: 'a mistyped kind of upstream',
    text: entry('dsn: http://items.internal'),
    problems: ['7  services.items.upstreams[1].dsn: unknown setting, did you mean "dns"?'],
  },
  {
    name: 'a name without a scheme',
    text: entry('dns: items.internal'),
    problems: [
      '7  services.items.upstreams[1].dns: expected a URL with a name, such as http://items.internal:4001, got "items.internal"',
    ],
  },
  {
    name: 'a name with a path',
    text: entry('dns: http://items.internal/api'),
    problems: [
      '7  services.items.upstreams[1].dns: expected scheme, host and port only, got "http://items.internal/api"',
    ],
  },
  {
    name: 'a unix socket for a name',
    text: entry('dns: unix:/run/app.sock'),
    problems: [
      '7  services.items.upstreams[1].dns: expected a URL with a name, such as http://items.internal:4001, got "unix:/run/app.sock"',
    ],
  },
  {
    name: 'a port beside those of SRV records',
    text: entry('srv: http://_http._tcp.items.internal:80'),
    problems: ['7  services.items.upstreams[1].srv: SRV records say the port; leave it out'],
  },
  {
    name: 'SRV records of an address',
    text: entry('srv: http://10.0.0.1'),
    problems: [
      '7  services.items.upstreams[1].srv: expected a name, which has SRV records, got the address 10.0.0.1',
    ],
  },
  {
    name: 'a file of a kind nobody reads',
    text: entry('file: ./upstreams.txt'),
    problems: [
      '7  services.items.upstreams[1].file: expected a .json, .yaml or .yml file such as ./upstreams.json',
    ],
  },
  {
    name: 'a TLS name without TLS',
    text: entry('dns: http://items.internal', 'tlsName: items.example.com'),
    problems: [
      '7  services.items.upstreams[1].tlsName: there is no TLS without https: http://items.internal',
    ],
  },
  {
    name: 'a TLS name for a whole file',
    text: entry('file: ./upstreams.json', 'tlsName: items.example.com'),
    problems: [
      '7  services.items.upstreams[1].tlsName: belongs to the upstreams in the file, each its own',
    ],
  },
  {
    name: 'an address for a TLS name',
    text: entry('url: https://10.0.0.1', 'tlsName: 10.0.0.1'),
    problems: [
      '7  services.items.upstreams[1].tlsName: expected a host name, not an address, which has none',
    ],
  },
  {
    name: 'a name twice, spelled differently',
    text: serving('      - dns: http://items.internal', '      - dns: HTTP://ITEMS.internal:80/'),
    problems: [
      '8  services.items.upstreams[2].dns: the same name as upstreams[1]; use weight to give it more',
    ],
  },
  {
    name: 'a file twice',
    text: serving('      - file: ./a.json', '      - file: a.json'),
    problems: [
      '8  services.items.upstreams[2].file: the same file as upstreams[1]; use weight to give it more',
    ],
  },
  {
    name: 'a DNS server by name',
    text: whole('resolver: { servers: [10.0.0.2, dns.internal] }'),
    problems: [
      '4  resolver.servers[1]: expected the address of a DNS server such as 10.0.0.2 or 10.0.0.2:53',
    ],
  },
  {
    name: 'no DNS server at all',
    text: whole('resolver: { servers: [] }'),
    problems: ['4  resolver.servers: expected at least one server'],
  },
  {
    name: 'lifetimes that exclude each other',
    text: whole('resolver:', '  maxTtl: 1s', '  minTtl: 2s'),
    problems: ['6  resolver.minTtl: expected no more than maxTtl'],
  },
  {
    name: 'a lifetime of days',
    text: whole('resolver: { maxTtl: 48h }'),
    problems: ['4  resolver.maxTtl: expected at most 24h'],
  },
  {
    name: 'no lifetime at all',
    text: whole('resolver: { minTtl: 0s }'),
    problems: ['4  resolver.minTtl: expected more than 0ms'],
  },
];

describe('upstreams', () => {
  for (const broken of table) itRefuses(broken);

  const config = proxySchema.parse({
    listeners: [{ address: '127.0.0.1:0' }],
    services: {
      items: {
        upstreams: [
          { url: 'https://10.0.0.1', tlsName: 'items.example.com' },
          { dns: 'http://items.internal:4001', weight: 2 },
          { dns: 'https://items.internal', tlsName: 'items.example.com' },
          { srv: 'http://_http._tcp.items.internal' },
          { srv: 'https://items.service.consul' },
          { file: './upstreams.yaml', zone: 'a' },
        ],
      },
    },
    routes: [{ service: 'items' }],
    resolver: { servers: ['10.0.0.2', '10.0.0.2:5353', '[fd00::1]:53', 'fd00::1'], hold: '0s' },
  });

  it('may be addresses, names, SRV records and files', () => {
    assert.equal(config.services.items?.upstreams.length, 6);
    assert.equal(config.resolver.servers?.length, 4);
  });

  it('are explained without asking anybody', () => {
    const told = explainRequest(config, { method: 'GET', url: '/', headers: ['host', 'a'] });
    assert.ok(told.includes('upstream  dns http://items.internal:4001 weight 2'), lines(...told));
    assert.ok(told.includes('upstream  file ./upstreams.yaml weight 1'));
  });
});
