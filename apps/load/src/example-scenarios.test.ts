import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { isExpectedStatus } from './flows/expectation.ts';
import { createHttpClient } from './flows/http-client.ts';
import { RecorderLog } from './flows/recorder-log.test-support.ts';
import { ScriptedFlow } from './flows/scripted-flow.ts';
import type { Flow, Scenario } from './scenario.ts';
import { loadScenario } from './scenario-file.ts';
import { createTargetGuard } from './target-guard.ts';

const stop: (() => Promise<unknown>)[] = [];

/** Starts an origin of the sample stack on a free port. */
async function start(app: string, env: Record<string, string> = {}): Promise<string> {
  const main = fileURLToPath(new URL(`../../${app}/src/main.ts`, import.meta.url));
  const child = spawn(process.execPath, [main], {
    env: { PATH: process.env.PATH, PORT: '0', ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  stop.push(async () => {
    const exit = once(child, 'exit');
    child.kill('SIGKILL');
    await exit;
  });
  const [line] = await once(child.stdout, 'data');
  const url = / listening on (http:\S+)\n$/.exec(String(line))?.[1];
  assert.ok(url, `${app} says where it listens: ${line}`);
  return url;
}

const targets = { items: '', live: '' };
before(async () => {
  targets.items = await start('items', { PARTNER_URL: await start('partner') });
  targets.live = await start('live');
});
after(() => Promise.all(stop.map((one) => one())));

/** Runs one flow once, as a worker would; the recorder tells what became of it. */
async function runOnce(scenario: Scenario, name: string, target: URL): Promise<RecorderLog> {
  const recorder = new RecorderLog();
  const { signal } = new AbortController();
  const random = () => 0.4;
  const shared = {
    target,
    headers: scenario.headers ?? {},
    timeoutMs: 10_000,
    http2: false,
    recorder,
    guard: createTargetGuard({ ownedHosts: [] }),
    signal,
  };
  const client = createHttpClient({ ...shared, series: 'setup' });
  const http = client.forFlow({ intendedMs: 0 });
  const data = await scenario.setup?.({ http, signal });
  const flow = new ScriptedFlow({ ...shared, name, data, random, run: runOf(scenario, name) });
  const user = scenario.user?.({ data, index: 0, random });
  await new Promise<void>((flowEnded) => flow.begin(0, { flowEnded: () => flowEnded() }, user));
  assert.deepEqual(flow.problems(), []);
  await Promise.all([flow.close(), client.close()]);
  return recorder;
}

function runOf(
  scenario: Scenario,
  name: string,
): ConstructorParameters<typeof ScriptedFlow>[0]['run'] {
  const flow = scenario.flows[name] as Flow;
  if ('run' in flow) return (context) => flow.run(context);
  return async ({ http, data, user, random }) => {
    const { request, expect } = flow;
    const made = typeof request === 'function' ? request({ data, user, random }) : request;
    const { path, method = 'GET', ...rest } = made;
    await http.request(method, path, {
      ...rest,
      expect: (status) => isExpectedStatus(expect, status),
    });
  };
}

const examples = [
  { file: 'items', origin: 'items', flows: ['item', 'feed', 'missing'] },
  { file: 'browse', origin: 'items', flows: ['browse', 'search'] },
  { file: 'live', origin: 'live', flows: ['talk', 'echo', 'listen'] },
] as const;

for (const { file, origin, flows } of examples) {
  describe(`the example ${file}.ts`, () => {
    const path = fileURLToPath(new URL(`../scenarios/${file}.ts`, import.meta.url));

    it('can be loaded', async () => {
      const scenario = await loadScenario(path);
      assert.deepEqual(Object.keys(scenario.flows), flows);
    });

    for (const name of flows) {
      it(`has a flow that works: ${name}`, async () => {
        const scenario = await loadScenario(path);
        const recorder = await runOnce(scenario, name, new URL(targets[origin]));
        assert.ok(recorder.lines.includes(`${name} done`), recorder.lines.join('\n'));
        assert.ok(recorder.outcomes.every(({ isExpected }) => isExpected));
        assert.equal(recorder.open, 0);
      });
    }
  });
}
