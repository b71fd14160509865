/** Every mistake people make in one setting, with the exact lines they get for it. */
import { describe } from 'node:test';
import {
  type BrokenConfig,
  itRefuses,
  LISTENERS,
  lines,
  listening,
  ROUTES,
  routing,
  SERVICES,
  serving,
  whole,
} from './broken-config.test-support.ts';

const table: BrokenConfig[] = [
  {
    name: 'a head size that fits no head',
    text: whole('limits: { requestHeadSize: 0B, responseHeadSize: 9999GiB }'),
    problems: [
      '4  limits.requestHeadSize: expected a size from 1KiB to 1MiB',
      '4  limits.responseHeadSize: expected a size from 1KiB to 1MiB',
    ],
  },
  {
    name: 'a target and a read-ahead that fit nothing or everything',
    text: whole('limits: { requestTargetSize: 255B, pipelinedSize: 2MiB }'),
    problems: [
      '4  limits.requestTargetSize: expected a size from 256B to 1MiB',
      '4  limits.pipelinedSize: expected a size from 1KiB to 1MiB',
    ],
  },
  {
    name: 'a body size of nothing',
    text: whole('limits: { requestBodySize: 0B }'),
    problems: ['4  limits.requestBodySize: expected more than 0B'],
  },
  {
    name: 'a rate without a unit',
    text: whole('limits: { requestBodyRate: 0 }'),
    problems: [
      '4  limits.requestBodyRate: expected a size such as 512B, 16KiB or 10MiB, got 0 (add a unit)',
    ],
  },
  {
    name: 'an unknown setting with a near miss',
    text: whole('admn: { address: 127.0.0.1:9000 }'),
    problems: ['4  admn: unknown setting, did you mean "admin"?'],
  },
  {
    name: 'an unknown setting like no other',
    text: whole('color: red'),
    problems: [
      '4  color: unknown setting; known here: listeners, services, routes, admin, workers, supervision, watch, accessLog, logLevel, trustedProxies, zone, resolver, timeouts, limits, cache',
    ],
  },
  {
    name: 'a mistyped listener key',
    text: listening('  - adress: 127.0.0.1:8080'),
    problems: [
      '2  listeners[0].address: missing; expected host:port such as 127.0.0.1:8080 or unix:/path',
      '2  listeners[0].adress: unknown setting, did you mean "address"?',
    ],
  },
  {
    name: 'a mistyped service key',
    text: serving('    polcy: random'),
    problems: ['7  services.items.polcy: unknown setting, did you mean "policy"?'],
  },
  {
    name: 'a mistyped upstream key',
    text: serving('        wieght: 2'),
    problems: ['7  services.items.upstreams[0].wieght: unknown setting, did you mean "weight"?'],
  },
  {
    name: 'a mistyped health check key',
    text: serving('    healthCheck: {}', '    healthChek: {}'),
    problems: ['8  services.items.healthChek: unknown setting, did you mean "healthCheck"?'],
  },
  {
    name: 'a mistyped key inside the health check',
    text: serving('    healthCheck:', '      intervall: 2s'),
    problems: [
      '8  services.items.healthCheck.intervall: unknown setting, did you mean "interval"?',
    ],
  },
  {
    name: 'a mistyped service timeout',
    text: serving('    timeouts:', '      conect: 2s'),
    problems: ['8  services.items.timeouts.conect: unknown setting, did you mean "connect"?'],
  },
  {
    name: 'a mistyped route key',
    text: routing('  - servce: items'),
    problems: [
      '4  routes[0].service: missing; expected the name of a service',
      '4  routes[0].servce: unknown setting, did you mean "service"?',
    ],
  },
  {
    name: 'a mistyped client timeout',
    text: whole('timeouts:', '  requestHed: 1s'),
    problems: ['5  timeouts.requestHed: unknown setting, did you mean "requestHead"?'],
  },
  {
    name: 'a mistyped limit',
    text: whole('limits:', '  maxInflight: 10'),
    problems: ['5  limits.maxInflight: unknown setting, did you mean "maxInFlight"?'],
  },
  {
    name: 'a mistyped admin key',
    text: whole('admin:', '  adress: 127.0.0.1:9000'),
    problems: [
      '4  admin.address: missing; expected host:port such as 127.0.0.1:8080 or unix:/path (or set HEADGATE_ADMIN_ADDRESS)',
      '5  admin.adress: unknown setting, did you mean "address"?',
    ],
  },
  {
    name: 'text for the listeners',
    text: lines('listeners: 127.0.0.1:8080', SERVICES, ROUTES),
    problems: ['1  listeners: expected a list of at least 1 entry, got "127.0.0.1:8080"'],
  },
  {
    name: 'no listener',
    text: lines('listeners: []', SERVICES, ROUTES),
    problems: ['1  listeners: expected at least one listener'],
  },
  {
    name: 'text for a listener',
    text: listening('  - 127.0.0.1:8080'),
    problems: ['2  listeners[0]: expected an object with address, got "127.0.0.1:8080"'],
  },
  {
    name: 'a number for an address',
    text: listening('  - address: 8080'),
    problems: [
      '2  listeners[0].address: expected host:port such as 127.0.0.1:8080 or unix:/path, got 8080',
    ],
  },
  {
    name: 'an address without a port',
    text: listening('  - address: localhost'),
    problems: [
      '2  listeners[0].address: expected host:port such as 127.0.0.1:8080 or unix:/path, got "localhost"',
    ],
  },
  {
    name: 'a port that does not exist',
    text: listening('  - address: 127.0.0.1:70000'),
    problems: ['2  listeners[0].address: expected a port from 0 to 65535, got 70000'],
  },
  {
    name: 'an IPv6 address without brackets',
    text: listening('  - address: ::1:8080'),
    problems: [
      '2  listeners[0].address: expected host:port such as 127.0.0.1:8080 or unix:/path, got "::1:8080"',
    ],
  },
  {
    name: 'a unix path that depends on the folder of the process',
    text: listening('  - address: unix:edge.sock'),
    problems: [
      '2  listeners[0].address: expected an absolute path such as unix:/run/app.sock, got "unix:edge.sock"',
    ],
  },
  {
    name: 'a unix path no socket can have',
    text: whole(`admin: { address: "unix:/${'x'.repeat(107)}" }`),
    problems: [
      "4  admin.address: expected a path of at most 107 bytes (the most a unix socket's name has), got 108",
    ],
  },
  {
    name: 'a unix path with a NUL',
    text: listening('  - address: "unix:/run/a\\0b"'),
    problems: ['2  listeners[0].address: expected a path without NUL, got "unix:/run/a\\u0000b"'],
  },
  {
    name: 'a list for the services',
    text: lines(LISTENERS, 'services: [items]', ROUTES),
    problems: ['2  services: expected an object, got a list'],
  },
  {
    name: 'a service without contents',
    text: lines(LISTENERS, 'services:', '  items:', ROUTES),
    problems: ['3  services.items: expected an object with upstreams, got nothing (null)'],
  },
  {
    name: 'no upstream',
    text: lines(LISTENERS, 'services: { items: { upstreams: [] } }', ROUTES),
    problems: ['2  services.items.upstreams: expected at least one upstream'],
  },
  {
    name: 'an upstream without a scheme',
    text: serving('      - url: 127.0.0.1:4002'),
    problems: [
      '7  services.items.upstreams[1].url: expected a URL such as http://127.0.0.1:4001 or unix:/path, got "127.0.0.1:4002"',
    ],
  },
  {
    name: 'an upstream that is no URL',
    text: serving('      - url: nonsense'),
    problems: [
      '7  services.items.upstreams[1].url: expected a URL such as http://127.0.0.1:4001 or unix:/path, got "nonsense"',
    ],
  },
  {
    name: 'an upstream of another protocol',
    text: serving('      - url: ftp://127.0.0.1:4002'),
    problems: [
      '7  services.items.upstreams[1].url: expected an http or https URL, got "ftp://127.0.0.1:4002"',
    ],
  },
  {
    name: 'an upstream with a path',
    text: serving('      - url: http://127.0.0.1:4002/api'),
    problems: [
      '7  services.items.upstreams[1].url: expected scheme, host and port only, got "http://127.0.0.1:4002/api"',
    ],
  },
  {
    name: 'an upstream on a unix path that is not absolute',
    text: serving('      - url: unix:app.sock'),
    problems: [
      '7  services.items.upstreams[1].url: expected an absolute path such as unix:/run/app.sock, got "unix:app.sock"',
    ],
  },
  {
    name: 'text for a weight',
    text: serving('        weight: heavy'),
    problems: [
      '7  services.items.upstreams[0].weight: expected a number of more than 0 and at most 1000, got "heavy"',
    ],
  },
  {
    name: 'a weight of nothing',
    text: serving('        weight: 0'),
    problems: [
      '7  services.items.upstreams[0].weight: expected a number of more than 0 and at most 1000, got 0',
    ],
  },
  {
    name: 'a policy with a near miss',
    text: serving('    policy: least-conections'),
    problems: [
      '7  services.items.policy: expected one of "least-connections", "round-robin", "random", "power-of-two", "peak-ewma", "hash", "sticky", got "least-conections", did you mean "least-connections"?',
    ],
  },
  {
    name: 'a policy that does not exist',
    text: serving('    policy: fastest'),
    problems: [
      '7  services.items.policy: expected one of "least-connections", "round-robin", "random", "power-of-two", "peak-ewma", "hash", "sticky", got "fastest"',
    ],
  },
  {
    name: 'too many retries',
    text: serving('    retries: 11'),
    problems: ['7  services.items.retries: expected a whole number from 0 to 10, got 11'],
  },
  {
    name: 'half a retry',
    text: serving('    retries: 1.5'),
    problems: ['7  services.items.retries: expected a whole number from 0 to 10, got 1.5'],
  },
  {
    name: 'no connection to be opened',
    text: serving('    maxConnecting: 0'),
    problems: ['7  services.items.maxConnecting: expected a whole number of at least 1, got 0'],
  },
  {
    name: 'no time in total and no life of a connection',
    text: serving('    timeouts: { total: 0s, upstreamLifetime: 0s }'),
    problems: [
      '7  services.items.timeouts.total: expected more than 0ms',
      '7  services.items.timeouts.upstreamLifetime: expected more than 0ms',
    ],
  },
  {
    name: 'a duration without a unit',
    text: serving('    timeouts:', '      connect: 2'),
    problems: [
      '8  services.items.timeouts.connect: expected a duration such as 250ms, 2s or 1m, got 2 (add a unit)',
    ],
  },
  {
    name: 'a duration in words',
    text: serving('    timeouts:', '      connect: 2 seconds'),
    problems: [
      '8  services.items.timeouts.connect: expected a duration such as 250ms, 2s or 1m, got "2 seconds"',
    ],
  },
  {
    name: 'a timeout of nothing',
    text: serving('    timeouts:', '      idle: 0s'),
    problems: ['8  services.items.timeouts.idle: expected more than 0ms'],
  },
  {
    name: 'a timeout no timer can wait for',
    text: serving('    timeouts:', '      tunnelIdle: 600h'),
    problems: [
      '8  services.items.timeouts.tunnelIdle: expected at most 596h (the longest wait of a timer), got "600h"',
    ],
  },
  {
    name: 'a health check path without a slash',
    text: serving('    healthCheck:', '      path: health'),
    problems: ['8  services.items.healthCheck.path: expected a path such as /health'],
  },
  {
    name: 'a rise of nothing',
    text: serving('    healthCheck:', '      rise: 0'),
    problems: ['8  services.items.healthCheck.rise: expected a whole number from 1 to 100, got 0'],
  },
  {
    name: 'yes for a health check',
    text: serving('    healthCheck: yes'),
    problems: ['7  services.items.healthCheck: expected an object, got "yes"'],
  },
  {
    name: 'no route',
    text: lines(LISTENERS, SERVICES, 'routes: []'),
    problems: ['3  routes: expected at least one route'],
  },
  {
    name: 'a path without a slash',
    text: routing('  - match: { path: items }', '    service: items'),
    problems: ['4  routes[0].match.path: expected /path or /path/*; * only at the end'],
  },
  {
    name: 'a star that is no segment',
    text: routing('  - match: { path: /items* }', '    service: items'),
    problems: [
      '4  routes[0].match.path: expected /* at the end; a * stands for whole path segments',
    ],
  },
  {
    name: 'a star in the middle',
    text: routing('  - match: { path: /a/*/b }', '    service: items'),
    problems: ['4  routes[0].match.path: expected /path or /path/*; * only at the end'],
  },
  {
    name: 'a host with a port',
    text: routing('  - match: { host: "example.com:80" }', '    service: items'),
    problems: ['4  routes[0].match.host: expected a host name, optionally *.name, without port'],
  },
  {
    name: 'a method in small letters',
    text: routing('  - match: { methods: [get] }', '    service: items'),
    problems: ['4  routes[0].match.methods[0]: expected a method in capitals such as GET'],
  },
  {
    name: 'no method',
    text: routing('  - match: { methods: [] }', '    service: items'),
    problems: ['4  routes[0].match.methods: expected at least one method'],
  },
  {
    name: 'a header name with a space',
    text: routing('  - match: { headers: { "x y": a } }', '    service: items'),
    problems: [
      '4  routes[0].match.headers["x y"]: not a name that fits here: expected a header name',
    ],
  },
  {
    name: 'a number for a header',
    text: routing('  - match: { headers: { x-a: 1 } }', '    service: items'),
    problems: ['4  routes[0].match.headers.x-a: expected text, got 1'],
  },
  {
    name: 'no workers',
    text: whole('workers: 0'),
    problems: ['4  workers: expected a whole number from 1 to 256, got 0'],
  },
  {
    name: 'more workers than there can be',
    text: whole('workers: 257'),
    problems: ['4  workers: expected a whole number from 1 to 256, got 257'],
  },
  {
    name: 'a number of workers nobody can count to',
    text: whole('workers: cores'),
    problems: ['4  workers: expected "auto" or a whole number from 1 to 256, got "cores"'],
  },
  {
    name: 'a mistyped supervision key',
    text: whole('supervision:', '  stuckafter: 5s', '  recycle: { memry: 1GiB }'),
    problems: [
      '5  supervision.stuckafter: unknown setting, did you mean "stuckAfter"?',
      '6  supervision.recycle.memry: unknown setting, did you mean "memory"?',
    ],
  },
  {
    name: 'workers that are stuck between two beats',
    text: whole('supervision: { readyTimeout: 0s, stuckAfter: 1s }'),
    problems: [
      '4  supervision.readyTimeout: expected more than 0ms',
      '4  supervision.stuckAfter: expected at least 2s, or 0ms to turn it off',
    ],
  },
  {
    name: 'recycling that never lets a worker serve',
    text: whole('supervision: { recycle: { requests: 999, age: 0s, memory: 64MiB } }'),
    problems: [
      '4  supervision.recycle.requests: expected a whole number of at least 1000, got 999',
      '4  supervision.recycle.age: expected more than 0ms',
      '4  supervision.recycle.memory: expected at least 128MiB',
    ],
  },
  {
    name: 'a watch that is no yes or no',
    text: whole('watch: "on"'),
    problems: ['4  watch: expected true or false, got "on"'],
  },
  {
    name: 'a delay that ends before it begins',
    text: whole('timeouts: { drainDelay: -1s }'),
    problems: ['4  timeouts.drainDelay: expected a duration such as 250ms, 2s or 1m, got "-1s"'],
  },
  {
    name: 'a log level that does not exist',
    text: whole('logLevel: verbose'),
    problems: ['4  logLevel: expected one of "debug", "info", "warn", "error", got "verbose"'],
  },
  {
    name: 'an access log with a near miss',
    text: whole('accessLog: stdot'),
    problems: [
      '4  accessLog: expected "off", "stdout" or an object with file, got "stdot", did you mean "stdout"?',
    ],
  },
  {
    name: 'a range with too many bits',
    text: whole('trustedProxies: [10.0.0.0/33]'),
    problems: [
      '4  trustedProxies[0]: expected an address or a range such as 10.0.0.0/8, got "10.0.0.0/33"',
    ],
  },
  {
    name: 'a range with two prefixes',
    text: whole('trustedProxies: [10.0.0.0/8/9]'),
    problems: [
      '4  trustedProxies[0]: expected an address or a range such as 10.0.0.0/8, got "10.0.0.0/8/9"',
    ],
  },
  {
    name: 'text for a list',
    text: whole('trustedProxies: 10.0.0.1'),
    problems: ['4  trustedProxies: expected a list, got "10.0.0.1"'],
  },
  {
    name: 'a size in a unit people disagree about',
    text: whole('limits:', '  requestHeadSize: 16KB'),
    problems: [
      '5  limits.requestHeadSize: expected a size such as 512B, 16KiB or 10MiB, got "16KB" (write 16KiB)',
    ],
  },
  {
    name: 'a size without a unit',
    text: whole('limits:', '  requestHeadSize: 16384'),
    problems: [
      '5  limits.requestHeadSize: expected a size such as 512B, 16KiB or 10MiB, got 16384 (add a unit)',
    ],
  },
  {
    name: 'a limit of nothing',
    text: whole('limits:', '  requestHeaderCount: 0'),
    problems: ['5  limits.requestHeaderCount: expected a whole number from 1 to 10000, got 0'],
  },
  {
    name: 'more fields of an answer than anybody sends',
    text: whole('limits:', '  responseHeaderCount: 10001'),
    problems: ['5  limits.responseHeaderCount: expected a whole number from 1 to 10000, got 10001'],
  },
  {
    name: 'text for a limit',
    text: whole('limits:', '  maxInFlight: many'),
    problems: ['5  limits.maxInFlight: expected a whole number of at least 1, got "many"'],
  },
  {
    name: 'nothing that is required',
    text: 'logLevel: info',
    problems: [
      '1  listeners: missing; expected a list of at least 1 entry',
      '1  services: missing; expected an object',
      '1  routes: missing; expected a list of at least 1 entry',
    ],
  },
  {
    name: 'a route to nowhere',
    text: routing('  - {}'),
    problems: ['4  routes[0].service: missing; expected the name of a service'],
  },
];

describe('a config with a broken setting', () => {
  for (const broken of table) itRefuses(broken);
});
