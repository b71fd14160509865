import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { checkBoundaries } from './check-boundaries.ts';

function check(files: Record<string, string>): string[] {
  const root = mkdtempSync(join(tmpdir(), 'boundaries-'));
  try {
    for (const [file, source] of Object.entries(files)) {
      mkdirSync(join(root, dirname(file)), { recursive: true });
      writeFileSync(join(root, file), source);
    }
    return checkBoundaries(root);
  } finally {
    rmSync(root, { recursive: true });
  }
}

test('imports that follow the law are accepted', () => {
  const problems = check({
    'apps/items/src/main.ts': "import { createOrigin } from '@headgate/origin';\n",
    'apps/proxy/src/main.ts': "import { createService } from '@headgate/balancer';\n",
    'packages/origin/src/index.ts': "export { x } from '@headgate/config';\n",
    'test/e2e/a.test.ts': "import { startEdge } from '@headgate/proxy';\n",
  });
  assert.deepEqual(problems, []);
});

test('an app may not import an app', () => {
  const problems = check({ 'apps/proxy/src/main.ts': "import { app } from '@headgate/items';\n" });
  assert.deepEqual(problems, ['apps/proxy/src/main.ts: apps/proxy may not import @headgate/items']);
});

test('the proxy may not import the origin kit', () => {
  assert.equal(check({ 'apps/proxy/src/a.ts': "import '@headgate/origin';\n" }).length, 1);
});

test('leaf packages do not know each other', () => {
  const problems = check({
    'packages/cache/src/a.ts': "import type { L } from '@headgate/telemetry';\n",
  });
  assert.equal(problems.length, 1);
});

test('nobody reaches into another workspace by path', () => {
  const problems = check({ 'apps/items/src/a.ts': "import { x } from '../../live/src/b.ts';\n" });
  assert.match(problems[0] ?? '', /reaches into another workspace/);
});

test('a pure package imports nothing and has no clock or chance', () => {
  const problems = check({
    'packages/balancer/src/a.ts':
      "import { now } from 'node:perf_hooks';\nexport const r = () => Math.random();\n// Date.now in prose is fine\n",
  });
  assert.equal(problems.length, 2);
});

test('the tests of a pure package may use what they need', () => {
  assert.deepEqual(
    check({
      'packages/balancer/src/a.test.ts': "import { test } from 'node:test';\nsetTimeout(test);\n",
    }),
    [],
  );
});

test('what is for tests alone is imported by tests alone', () => {
  const source = "import { startPostgres } from '@headgate/postgres-server';\n";
  assert.deepEqual(
    check({
      'packages/origin/src/db/a.test.ts': source,
      'packages/origin/src/db/a.test-support.ts': source,
      'test/e2e/a.test.ts': source,
      'test/bench/a.ts': source,
    }),
    [],
  );
  const problems = check({
    'apps/profiles/src/a.ts': source,
    'packages/origin/src/db/a.ts': source,
  });
  assert.deepEqual(problems, [
    'apps/profiles/src/a.ts: apps/profiles may not import @headgate/postgres-server',
    'packages/origin/src/db/a.ts: packages/origin may not import @headgate/postgres-server',
  ]);
});

test('an import cycle is named with all its files', () => {
  const problems = check({
    'packages/config/src/a.ts': "import { b } from './b.ts';\n",
    'packages/config/src/b.ts': "import { a } from './a.ts';\n",
  });
  assert.deepEqual(problems, [
    'import cycle: packages/config/src/a.ts → packages/config/src/b.ts → packages/config/src/a.ts',
  ]);
});

test('types may refer to each other', () => {
  const problems = check({
    'packages/config/src/a.ts': "import { b } from './b.ts';\nexport interface A {}\n",
    'packages/config/src/b.ts':
      "import type { A } from './a.ts';\nimport { type C } from './a.ts';\n",
  });
  assert.deepEqual(problems, []);
});
