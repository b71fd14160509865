import assert from 'node:assert/strict';
import { test } from 'node:test';
import { FrameTable, placeOf } from './frames.ts';
import { callFrame } from './sample-profile.test-support.ts';

const rows: [frame: string, kind: string, place: string][] = [
  ['handle file:///srv/shop/apps/items/src/app.ts', 'app', 'apps/items/src/app.ts:10'],
  ['handle /srv/shop/main.cjs', 'app', 'main.cjs:10'],
  ['handle file:///opt/other/main.js', 'app', '/opt/other/main.js:10'],
  [
    'serve file:///srv/shop/packages/origin/src/origin.ts',
    'package',
    'packages/origin/src/origin.ts:10',
  ],
  [
    'get file:///srv/shop/node_modules/.pnpm/hono@4/node_modules/hono/dist/x.js',
    'module',
    'hono/dist/x.js:10',
  ],
  ['listen node:net', 'node', 'node:net:10'],
  ['writev', 'native', ''],
  ['(program)', 'native', ''],
  ['parse wasm://wasm/00aa', 'native', 'wasm://wasm/00aa:10'],
  ['(garbage collector)', 'gc', ''],
  ['(idle)', 'idle', ''],
];

for (const [text, kind, place] of rows) {
  test(`${text} is ${kind} code`, () => {
    const table = new FrameTable('/srv/shop');
    const frame = table.frames[table.indexOf(callFrame(text))];
    assert.ok(frame);
    assert.deepEqual([frame.kind, placeOf(frame)], [kind, place]);
  });
}

test('one function has one number, two on one line have two', () => {
  const table = new FrameTable('/app');
  const first = callFrame(' file:///app/a.ts');
  assert.equal(table.indexOf(first), table.indexOf({ ...first }));
  assert.notEqual(table.indexOf(first), table.indexOf({ ...first, columnNumber: 40 }));
  assert.equal(table.frames[0]?.name, '(anonymous)');
});
