import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';

const main = fileURLToPath(new URL('main.ts', import.meta.url));

function simulate(...args: string[]) {
  return new Promise<{ code: number | string; stdout: string; stderr: string }>((resolve) => {
    execFile(process.execPath, [main, ...args], (error, stdout, stderr) => {
      resolve({ code: error?.code ?? 0, stdout, stderr });
    });
  });
}

describe('pnpm simulate', () => {
  let directory = '';
  before(async () => {
    directory = await mkdtemp(join(tmpdir(), 'simulate-'));
  });
  after(() => rm(directory, { recursive: true }));

  it('prints each policy beside the bound and the goals, and writes figures and charts', async () => {
    const json = join(directory, 'figures.json');
    const chart = join(directory, 'charts.html');
    const { code, stdout } = await simulate('half-failing', '--json', json, '--chart', chart);
    assert.equal(code, 0);
    assert.match(stdout, /^half-failing: one of ten origins fails half/);
    assert.match(stdout, /^bound .*\nleast-connections .*\nplain .*\nreached {2}client errors, %/m);
    const [figures] = JSON.parse(await readFile(json, 'utf8'));
    assert.equal(figures.scenario, 'half-failing');
    assert.equal(figures.contestants.length, 2);
    assert.match(await readFile(chart, 'utf8'), /^<!doctype html>[\s\S]*<svg /);
  });

  it('simulates a configuration', async () => {
    const config = join(directory, 'headgate.yaml');
    const upstreams = '[{ url: http://127.0.0.1:4001 }, { url: http://127.0.0.1:4002 }]';
    const services = `services: { api: { policy: random, upstreams: ${upstreams} } }`;
    const listeners = 'listeners: [{ address: 127.0.0.1:8080 }]';
    await writeFile(config, `${listeners}\n${services}\nroutes: [{ service: api }]\n`);
    const { code, stdout } = await simulate('--config', config, '--rate', '100', '--for', '5s');
    assert.equal(code, 0);
    assert.match(stdout, /^bound .*\nrandom .*\nleast-connections .*\nplain /m);
  });

  it('says where a configuration is wrong', async () => {
    const config = join(directory, 'wrong.yaml');
    await writeFile(config, 'listenrs: []\n');
    const { code, stderr } = await simulate('--config', config, '--rate', '100');
    assert.equal(code, 1);
    assert.match(stderr, /wrong\.yaml:1 {2}listenrs: unknown setting, did you mean "listeners"/);
  });

  it('shows how it is used when the command line is wrong', async () => {
    const { code, stderr } = await simulate('--polcy', 'random');
    assert.equal(code, 2);
    assert.match(stderr, /^there is no option --polcy[\s\S]*usage: pnpm simulate/);
  });
});
