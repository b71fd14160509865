import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import {
  type BrokenConfig,
  itRefuses,
  lines,
  ROUTES,
  serving,
} from './broken-config.test-support.ts';
import { proxySchema } from './config.ts';

type HealthCheckInput = NonNullable<
  Parameters<typeof import('./config.ts').defineConfig>[0]['services'][string]['healthCheck']
>;

function accepted(healthCheck: HealthCheckInput, url = 'http://127.0.0.1:4001') {
  const config = proxySchema.parse({
    listeners: [{ address: '127.0.0.1:0' }],
    services: { items: { upstreams: [{ url }], healthCheck } },
    routes: [{ service: 'items' }],
  });
  return config.services.items?.healthCheck;
}

const timing = { interval: 2_000, timeout: 1_000, rise: 2, fall: 3 };

describe('the health check of a config', () => {
  it('asks over HTTP unless it is told otherwise', () => {
    const http = { type: 'http', path: '/health', expect: { statuses: ['200-399'] }, ...timing };
    assert.deepEqual(accepted({}), http);
    assert.deepEqual(accepted({ type: 'http' }), http);
  });

  it('may be of type tcp, and then has nothing to do with HTTP', () => {
    assert.deepEqual(accepted({ type: 'tcp' }), { type: 'tcp', ...timing });
    assert.deepEqual(accepted({ type: 'tcp', port: 9000, fall: 1 }), {
      type: 'tcp',
      ...timing,
      port: 9000,
      fall: 1,
    });
  });

  it('may say whom to ask and what to expect', () => {
    const check = {
      host: '[::1]:8080',
      port: 1,
      expect: { statuses: [204, '2xx', '300-304'], headers: { 'X-Role': '' }, body: 'ready' },
    };
    assert.deepEqual(accepted(check), { type: 'http', path: '/health', ...timing, ...check });
  });

  it('takes the usual statuses when something else is expected', () => {
    assert.deepEqual(accepted({ expect: { body: 'ready' } }), {
      type: 'http',
      path: '/health',
      expect: { statuses: ['200-399'], body: 'ready' },
      ...timing,
    });
  });

  it('may be of an upstream on a unix socket', () => {
    assert.equal(accepted({ type: 'tcp' }, 'unix:/run/app.sock')?.type, 'tcp');
  });
});

/** A check of these lines, from line 8. */
function checking(...more: string[]): string {
  return serving('    healthCheck:', ...more.map((line) => `      ${line}`));
}

const NO_EFFECT = 'a check of type tcp sends no request, so this has no effect; remove it';
const STATUS = 'expected a status such as 204, 2xx or 200-299';

const table: BrokenConfig[] = [
  {
    name: 'a type nobody knows',
    text: checking('type: htpp'),
    problems: ['8  services.items.healthCheck.type: expected one of "http", "tcp", got "htpp"'],
  },
  {
    name: 'what a check of type tcp has no use for',
    text: checking('type: tcp', 'path: /health', 'host: a', 'expect: { body: ok }'),
    problems: [
      `9  services.items.healthCheck.path: ${NO_EFFECT}`,
      `10  services.items.healthCheck.host: ${NO_EFFECT}`,
      `11  services.items.healthCheck.expect: ${NO_EFFECT}`,
    ],
  },
  {
    name: 'mistyped keys of either type',
    text: checking('type: tcp', 'intervall: 2s'),
    problems: [
      '9  services.items.healthCheck.intervall: unknown setting, did you mean "interval"?',
    ],
  },
  {
    name: 'mistyped keys of what is expected',
    text: checking('expect: { status: [200], header: {} }'),
    problems: [
      '8  services.items.healthCheck.expect.status: unknown setting, did you mean "statuses"?',
      '8  services.items.healthCheck.expect.header: unknown setting, did you mean "headers"?',
    ],
  },
  {
    name: 'statuses there are not',
    text: checking('expect: { statuses: [199, 600, 1xx, 299-200, ok, 20.5, null] }'),
    problems: [
      `8  services.items.healthCheck.expect.statuses[0]: expected a whole number from 200 to 599, got 199`,
      `8  services.items.healthCheck.expect.statuses[1]: expected a whole number from 200 to 599, got 600`,
      `8  services.items.healthCheck.expect.statuses[2]: ${STATUS}`,
      `8  services.items.healthCheck.expect.statuses[3]: ${STATUS}`,
      `8  services.items.healthCheck.expect.statuses[4]: ${STATUS}`,
      `8  services.items.healthCheck.expect.statuses[5]: ${STATUS}, got 20.5`,
      `8  services.items.healthCheck.expect.statuses[6]: ${STATUS}, got nothing (null)`,
    ],
  },
  {
    name: 'nothing that would be good',
    text: checking('expect: { statuses: [], body: "" }'),
    problems: [
      '8  services.items.healthCheck.expect.statuses: expected at least one status',
      '8  services.items.healthCheck.expect.body: expected text that is not empty, got ""',
    ],
  },
  {
    name: 'a header that can have no such name',
    text: checking('expect: { headers: { "a b": c } }'),
    problems: [
      '8  services.items.healthCheck.expect.headers["a b"]: not a name that fits here: expected a header name',
    ],
  },
  {
    name: 'a host that is a URL, and ports there are not',
    text: checking('host: http://a', 'port: 0'),
    problems: [
      '8  services.items.healthCheck.host: expected a host such as items.internal or items.internal:8080',
      '9  services.items.healthCheck.port: expected a whole number from 1 to 65535, got 0',
    ],
  },
  {
    name: 'another port of a unix socket',
    text: lines(
      'listeners: [{ address: 127.0.0.1:8080 }]',
      ROUTES,
      'services:',
      '  items:',
      '    upstreams: [{ url: http://127.0.0.1:4001 }, { url: unix:/run/app.sock }]',
      '    healthCheck: { port: 9000 }',
    ),
    problems: [
      '6  services.items.healthCheck.port: a unix socket has no other port, and unix:/run/app.sock is one; give it a service of its own',
    ],
  },
];

describe('a config with a broken health check', () => {
  for (const broken of table) itRefuses(broken);
});
