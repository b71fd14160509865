import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { WebSocketServer } from 'ws';
import type { FlowContext } from '../scenario.ts';
import { createTargetGuard } from '../target-guard.ts';
import { listen } from './client.test-support.ts';
import { RecorderLog } from './recorder-log.test-support.ts';
import { ScriptedFlow, type ScriptedFlowOptions } from './scripted-flow.ts';

type Run = ScriptedFlowOptions['run'];

/** A flow against a server that answers `/never` never, and a function that runs it once. */
async function flowOf(t: TestContext, run: Run, options: Partial<ScriptedFlowOptions> = {}) {
  const server = createServer(({ url }, response) => {
    if (url === '/ticks')
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('');
    else if (url !== '/never') response.end('{}');
  });
  const sockets = new WebSocketServer({ server });
  const target = await listen(t, server);
  const recorder = new RecorderLog();
  const abort = new AbortController();
  const flow = new ScriptedFlow({
    name: 'flow',
    run,
    data: { from: 'setup' },
    random: () => 0.5,
    target,
    headers: {},
    timeoutMs: 10_000,
    http2: false,
    recorder,
    guard: createTargetGuard({ ownedHosts: [] }),
    signal: abort.signal,
    ...options,
  });
  t.after(() => flow.close());
  /** Resolves with whether it failed, when the owner is told; fails the test if that is twice. */
  const runOnce = (intendedMs = performance.now(), user: unknown = undefined) => {
    const ended = Promise.withResolvers<boolean | undefined>();
    let count = 0;
    const flowEnded = (hasFailed?: boolean) => {
      count++;
      assert.equal(count, 1, 'a run ends once');
      ended.resolve(hasFailed);
    };
    flow.begin(intendedMs, { flowEnded }, user);
    return ended.promise;
  };
  return { flow, recorder, abort, sockets, runOnce };
}

describe('a scripted flow', () => {
  it('gets data, user and chance, and can take its context apart', async (t) => {
    const seen: unknown[] = [];
    const { runOnce, recorder } = await flowOf(
      t,
      async ({ data, user, random, http, think, check, signal }) => {
        const ensure: FlowContext['check'] = check;
        await http.get('/a');
        await think('1ms');
        ensure(true, 'never');
        seen.push(data, user, random(), signal.aborted);
      },
    );
    assert.equal(await runOnce(performance.now(), { name: 'Ada' }), false);
    assert.deepEqual(seen, [{ from: 'setup' }, { name: 'Ada' }, 0.5, false]);
    assert.deepEqual(recorder.lines, ['flow › GET /a 200', 'flow done']);
    assert.deepEqual(recorder.kinds, ['scripted', 'step']);
    assert.equal(recorder.open, 0);
  });

  it('is measured from when it was due, without the time it thinks', async (t) => {
    const { runOnce, recorder } = await flowOf(t, async ({ think, http }) => {
      await Promise.all([think(['50ms', '70ms']), think('20ms')]);
      await http.get('/');
      await think('30ms');
    });
    const intendedMs = performance.now() - 500;
    await runOnce(intendedMs);
    const [step, flow] = recorder.outcomes;
    assert.ok(step && flow);
    const thoughtMs = flow.intendedMs - intendedMs;
    assert.ok(thoughtMs >= 88, `thought for 60 and 30 ms, counted ${thoughtMs} ms`);
    assert.ok(flow.endedMs - flow.sentMs < thoughtMs + 400, 'the rest is little');
    assert.ok(flow.sentMs <= flow.endedMs);
    assert.ok(flow.sentMs - flow.intendedMs >= 490, 'it began late, and still does');
    assert.ok(step.intendedMs >= intendedMs + 58 && step.intendedMs < flow.intendedMs);
    assert.ok(Number.isNaN(flow.firstByteMs));
  });

  it('thinks for times that are durations', async (t) => {
    for (const duration of ['1', '1000h', ['2s', '1s'], ['1s', 'x'], 5]) {
      const { runOnce, flow } = await flowOf(t, ({ think }) => think(duration as string));
      assert.equal(await runOnce(), true);
      assert.match(flow.problems()[0]?.message ?? '', /^TypeError: think: /);
    }
  });

  it('fails as the step does that it lets through', async (t) => {
    const { runOnce, recorder, flow } = await flowOf(t, async ({ http }) => {
      await http.get('/', { expect: 404 });
    });
    assert.equal(await runOnce(), true);
    assert.deepEqual(recorder.lines, ['flow › GET / 200', 'flow status']);
    assert.deepEqual(flow.problems(), []);
  });

  it('does not fail for a step whose failure it handles', async (t) => {
    const { runOnce, recorder } = await flowOf(t, async ({ http }) => {
      await http.get('/');
      await http.get('/never', { timeout: '5ms' }).catch(() => {});
    });
    assert.equal(await runOnce(), false);
    assert.deepEqual(recorder.lines.slice(1), ['flow › GET /never timeout', 'flow done']);
  });

  it('fails by its checks, and by what it throws, which is kept for the report', async (t) => {
    let count = 0;
    const { runOnce, recorder, flow } = await flowOf(t, async (context: FlowContext) => {
      count++;
      if (count <= 2) context.check(count > 5, 'the cart is empty');
      if (count === 3) throw new TypeError('no such item');
      if (count === 4) throw 'text';
      throw new Error(`number ${count}`);
    });
    for (let i = 0; i < 30; i++) assert.equal(await runOnce(), true);
    assert.deepEqual(recorder.lines.slice(0, 4), [
      'flow check',
      'flow check',
      'flow exception',
      'flow exception',
    ]);
    const problems = flow.problems();
    assert.equal(problems.length, 20);
    assert.equal(problems[0]?.message, 'RequestFailure: the cart is empty');
    assert.equal(problems[0]?.count, 2);
    assert.equal(problems[1]?.message, 'TypeError: no such item');
    assert.match(problems[1]?.stack ?? '', /scripted-flow\.test\.ts:\d+/);
    assert.equal(problems[2]?.message, 'text');
  });

  it('fails when its function throws instead of rejecting', async (t) => {
    const { runOnce, recorder } = await flowOf(t, () => {
      throw new Error('at once');
    });
    assert.equal(await runOnce(), true);
    assert.deepEqual(recorder.lines, ['flow exception']);
  });

  it('that asks for nothing leaves time for all else', async (t) => {
    const { runOnce } = await flowOf(t, async () => {});
    let isOver = false;
    setTimeout(() => {
      isOver = true;
    }, 1);
    while (!isOver) await runOnce();
  });

  it('closes its streams when it ends, those too that open later', async (t) => {
    const { runOnce, recorder, sockets } = await flowOf(t, async ({ websocket, events }) => {
      await websocket('/live');
      await events('/ticks');
      void websocket('/late');
      void events('/ticks');
    });
    assert.equal(await runOnce(), false);
    while (recorder.open > 0 || recorder.openConnections > 0) await sleep(1);
    assert.equal(sockets.clients.size, 0);
  });

  it('does not end the process with streams that nobody awaits', async (t) => {
    const { runOnce, recorder } = await flowOf(t, async ({ websocket, events }) => {
      void websocket('no path');
      void events('/');
    });
    await runOnce();
    while (recorder.open > 0) await sleep(1);
    await sleep(5);
  });
});

describe('the end of a run', () => {
  it('cuts flows short, in a pause or a request', async (t) => {
    const { runOnce, recorder, abort, flow } = await flowOf(t, async ({ http, think, user }) => {
      if (user === 'thinks') await think('1h');
      else await http.get('/never');
    });
    const runs = [runOnce(0, 'thinks'), runOnce(0, 'asks')];
    while (recorder.connectMs.length === 0) await sleep(1);
    abort.abort();
    assert.deepEqual(await Promise.all(runs), [true, true]);
    assert.deepEqual(recorder.lines.toSorted(), ['flow cut', 'flow cut', 'flow › GET /never cut']);
    assert.deepEqual(flow.problems(), []);
    assert.equal(recorder.open, 0);
  });

  it('is a cut for flows that handle everything, or throw of themselves', async (t) => {
    const { runOnce, recorder, abort, flow } = await flowOf(t, async ({ think, user }) => {
      await think('1h').catch(() => {});
      if (user === 'throws') throw new Error('of itself');
    });
    const runs = [runOnce(0), runOnce(0, 'throws')];
    abort.abort();
    await Promise.all(runs);
    assert.deepEqual(recorder.lines, ['flow cut', 'flow cut']);
    assert.deepEqual(flow.problems(), []);
  });

  it('waits a second for flows that never settle, then goes on without them', async (t) => {
    const { runOnce, recorder, abort } = await flowOf(t, () => new Promise(() => {}));
    const run = runOnce();
    const abortedMs = performance.now();
    abort.abort();
    assert.equal(await run, true);
    assert.ok(performance.now() - abortedMs >= 990);
    assert.deepEqual(recorder.lines, ['flow cut']);
  });

  it('comes to rest with flows that try again for ever', async (t) => {
    let attempts = 0;
    const { runOnce, recorder, abort, flow } = await flowOf(t, async ({ http, think }) => {
      for (;;) {
        attempts++;
        await http.get('/never').catch(() => {});
        await think('1h').catch(() => {});
      }
    });
    const run = runOnce();
    abort.abort();
    await sleep(5);
    await flow.close();
    await run;
    assert.equal(recorder.lines.at(-1), 'flow cut');
    const before = attempts;
    assert.ok(before > 1);
    await sleep(10);
    assert.ok(attempts <= before + 1);
  });

  it('can come without the signal: what is closed is cut', async (t) => {
    const { runOnce, recorder, flow } = await flowOf(t, async ({ http, websocket }) => {
      await websocket('/live');
      await http.get('/never');
    });
    const run = runOnce();
    while (recorder.connectMs.length < 2) await sleep(1);
    await flow.close();
    assert.equal(await run, true);
    assert.deepEqual(recorder.lines.slice(1).toSorted(), ['flow cut', 'flow › GET /never cut']);
    while (recorder.openConnections > 0) await sleep(1);
    assert.equal(recorder.open, 0);
  });
});
