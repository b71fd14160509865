import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspectorAddress } from './open-inspector.ts';
import type { ProcessFacts } from './process-list.ts';

const rows: [args: string, nodeOptions: string | undefined, address: string][] = [
  ['node a.js', undefined, '127.0.0.1:9229'],
  ['node a.js --inspect-port=1', undefined, '127.0.0.1:9229'],
  ['node --inspect-port=9300 a.js', undefined, '127.0.0.1:9300'],
  ['node --inspect=0.0.0.0:9301 a.js', undefined, '127.0.0.1:9301'],
  ['node --debug-port=127.0.0.2:9302 a.js', undefined, '127.0.0.2:9302'],
  ['node a.js', '--inspect-port=9303 --enable-source-maps', '127.0.0.1:9303'],
  ['node --inspect-port=9305 a.js', '--inspect-port=9304', '127.0.0.1:9305'],
  ['node --inspect a.js', undefined, '127.0.0.1:9229'],
];

for (const [command, nodeOptions, address] of rows) {
  test(`the inspector of "${command}" with NODE_OPTIONS "${nodeOptions ?? ''}" is ${address}`, () => {
    const target = { args: command.split(' '), nodeOptions } as unknown as ProcessFacts;
    const { host, port } = inspectorAddress(target);
    assert.equal(`${host}:${port}`, address);
  });
}
