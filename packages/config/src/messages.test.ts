// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the syntax of references
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { z } from 'zod';
import { duration } from './duration.ts';
import { loadConfig } from './load.ts';
import { formatProblems } from './problem.ts';
import { setting } from './setting.ts';
import { size } from './size.ts';

const schema = z.strictObject({
  port: z.int().min(1).max(65_535).optional(),
  ratio: z.number().gt(0).max(1).optional(),
  retries: z.int().min(0).optional(),
  step: z.int().multipleOf(5).optional(),
  name: z.string().optional(),
  label: z.string().min(1).optional(),
  code: z.string().min(2).max(4).optional(),
  host: z
    .string()
    .regex(/^[a-z.]+$/)
    .optional(),
  url: z.url().optional(),
  isOn: z.boolean().optional(),
  policy: z.enum(['least-connections', 'round-robin']).optional(),
  timeout: duration().optional(),
  body: size().optional(),
  workers: z.union([z.int().min(1), z.literal('auto')]).optional(),
  log: z.union([z.enum(['off', 'stdout']), z.strictObject({ file: z.string() })]).optional(),
  tags: z.array(z.string()).max(2).optional(),
  rules: z.array(z.strictObject({ path: z.string(), weight: z.int().optional() })).optional(),
  services: z
    .record(
      z
        .string()
        .regex(/^[a-z]+$/)
        .meta({ expects: 'lower-case letters' }),
      z.strictObject({
        url: z.url(),
      }),
    )
    .optional(),
  store: z
    .discriminatedUnion('kind', [
      z.strictObject({ kind: z.literal('memory'), size: size() }),
      z.strictObject({ kind: z.literal('redis'), url: z.url() }),
    ])
    .optional(),
  even: z
    .int()
    .refine((value) => value % 2 === 0, 'expected an even number')
    .optional(),
  odd: z
    .int()
    .refine((value) => value % 2 === 1)
    .optional(),
  keys: z.strictObject({ first: z.int() }).optional().meta({ secret: true }),
  nick: z.string('expected a nickname').optional(),
  token: z.string().min(8).optional().meta({ secret: true }),
  nested: z.strictObject({ depth: setting(z.int(), { default: 1, reason: 'shallow' }) }).optional(),
});

async function problemsOf(text: string, env: Record<string, string> = {}): Promise<string> {
  const loaded = await loadConfig({ schema, file: 'a.yaml', env, read: async () => text });
  return loaded.ok ? 'no problem' : formatProblems(loaded.problems);
}

const longText = 'x'.repeat(80);
const cases: [yaml: string, problem: string][] = [
  ['port: 70000', 'port: expected a whole number from 1 to 65535, got 70000'],
  ['port: 1.5', 'port: expected a whole number from 1 to 65535, got 1.5'],
  ['port: "80"', 'port: expected a whole number from 1 to 65535, got "80"'],
  ['port: .nan', 'port: expected a whole number from 1 to 65535, got NaN'],
  ['ratio: 0', 'ratio: expected a number of more than 0 and at most 1, got 0'],
  ['retries: -1', 'retries: expected a whole number of at least 0, got -1'],
  ['step: 7', 'step: expected a whole number divisible by 5, got 7'],
  ['name: [a]', 'name: expected text, got a list'],
  ['name: []', 'name: expected text, got an empty list'],
  ['name: { a: 1 }', 'name: expected text, got an object'],
  ['name:', 'name: expected text, got nothing (null)'],
  ['name: 5', 'name: expected text, got 5'],
  ['label: ""', 'label: expected text that is not empty, got ""'],
  [`code: ${longText}`, `code: expected text of 2 to 4 characters, got "${'x'.repeat(57)}…"`],
  ['host: A!', 'host: expected text matching /^[a-z.]+$/, got "A!"'],
  ['url: nope', 'url: expected a URL such as http://127.0.0.1:8080, got "nope"'],
  ['isOn: yes', 'isOn: expected true or false, got "yes"'],
  [
    'policy: leastconn',
    'policy: expected one of "least-connections", "round-robin", got "leastconn"',
  ],
  [
    'policy: round_robin',
    'policy: expected one of "least-connections", "round-robin", got "round_robin", did you mean "round-robin"?',
  ],
  ['timeout: 5', 'timeout: expected a duration such as 250ms, 2s or 1m, got 5 (add a unit)'],
  ['timeout: "5"', 'timeout: expected a duration such as 250ms, 2s or 1m, got "5" (add a unit)'],
  ['timeout: 5sec', 'timeout: expected a duration such as 250ms, 2s or 1m, got "5sec"'],
  ['timeout: [1s]', 'timeout: expected a duration such as 250ms, 2s or 1m, got a list'],
  ['timeout: 900h', 'timeout: expected at most 596h (the longest wait of a timer), got "900h"'],
  ['body: 16KB', 'body: expected a size such as 512B, 16KiB or 10MiB, got "16KB" (write 16KiB)'],
  ['body: 2m', 'body: expected a size such as 512B, 16KiB or 10MiB, got "2m" (write 2MiB)'],
  ['body: 1024', 'body: expected a size such as 512B, 16KiB or 10MiB, got 1024 (add a unit)'],
  ['workers: 0', 'workers: expected a whole number of at least 1, got 0'],
  ['workers: many', 'workers: expected a whole number of at least 1 or "auto", got "many"'],
  [
    'workers: atuo',
    'workers: expected a whole number of at least 1 or "auto", got "atuo", did you mean "auto"?',
  ],
  ['log: syslog', 'log: expected "off", "stdout" or an object with file, got "syslog"'],
  ['log: { file: 3 }', 'log.file: expected text, got 3'],
  [
    'log: { fiel: x }',
    'log.file: missing; expected text\nlog.fiel: unknown setting, did you mean "file"?',
  ],
  ['log: { file: x, rotate: 1 }', 'log.rotate: unknown setting; known here: file'],
  ['tags: [a, b, c]', 'tags: expected a list of at most 2 entries, got 3'],
  ['tags: [a, 1]', 'tags[1]: expected text, got 1'],
  ['rules: [{ path: a }, { weight: 2 }]', 'rules[1].path: missing; expected text'],
  ['rules: [{ path: a, wieght: 2 }]', 'rules[0].wieght: unknown setting, did you mean "weight"?'],
  ['rules: { path: a }', 'rules: expected a list, got an object'],
  [
    'services: { A1: { url: "http://a" } }',
    'services.A1: not a name that fits here: expected lower-case letters, got "A1"',
  ],
  [
    'services: { a: { urll: "http://a" } }',
    'services.a.url: missing; expected a URL such as http://127.0.0.1:8080\nservices.a.urll: unknown setting, did you mean "url"?',
  ],
  ['services: [a]', 'services: expected an object, got a list'],
  ['store: { kind: disk }', 'store.kind: expected one of "memory", "redis", got "disk"'],
  ['store: { size: 1KiB }', 'store.kind: missing; expected one of "memory", "redis"'],
  [
    'store: { kind: memory, size: 3 }',
    'store.size: expected a size such as 512B, 16KiB or 10MiB, got 3 (add a unit)',
  ],
  ['even: 3', 'even: expected an even number'],
  ['odd: 2', 'odd: expected a different value, got 2'],
  ['keys: { first: hunter2 }', 'keys.first: expected a whole number, got <secret>'],
  ['nick: 3', 'nick: expected a nickname'],
  ['token: hunter2', 'token: expected text of at least 8 characters, got <secret>'],
  ['nested: { dept: 1 }', 'nested.dept: unknown setting, did you mean "depth"?'],
  ['nested: { width: 1 }', 'nested.width: unknown setting; known here: depth'],
  [
    '"odd key": 1',
    `["odd key"]: unknown setting; known here: ${Object.keys(schema.shape).join(', ')}`,
  ],
  [
    'name: ${NOPE}',
    'name: environment variable NOPE is not set (write ${NOPE:-value} for a default)',
  ],
  ['port: ${NOPE:-http}', 'port: expected a whole number from 1 to 65535, got "http"'],
  ['isOn: ${NOPE:-1}', 'isOn: expected true or false, got "1"'],
  ['[1]', 'expected an object, got a list'],
  ['just text', 'expected an object, got "just text"'],
  ['name: a\nname: b', 'name: set twice; keep one of them'],
];

for (const [yaml, expected] of cases) {
  test(`${JSON.stringify(yaml.slice(0, 40))} is refused in words`, async () => {
    const problems = await problemsOf(yaml);
    assert.equal(problems.replaceAll(/^a\.yaml:\d+ {2}/gm, ''), expected);
  });
}

test('all problems come at once, in the order of the file', async () => {
  const text = `
nmae: x
port: 0
rules:
  - weight: 1
    path: a
  - weight: heavy
services:
  a:
    timeout: 5
token: \${SECRET}
`;
  assert.equal(
    await problemsOf(text),
    [
      'a.yaml:2  nmae: unknown setting, did you mean "name"?',
      'a.yaml:3  port: expected a whole number from 1 to 65535, got 0',
      'a.yaml:7  rules[1].path: missing; expected text',
      'a.yaml:7  rules[1].weight: expected a whole number, got "heavy"',
      'a.yaml:9  services.a.url: missing; expected a URL such as http://127.0.0.1:8080',
      'a.yaml:10  services.a.timeout: unknown setting; known here: url',
      'a.yaml:11  token: environment variable SECRET is not set (write ${SECRET:-value} for a default)',
    ].join('\n'),
  );
});
