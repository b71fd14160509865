import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createPolicy } from '@headgate/balancer';
import { Edge, type EdgeSettings } from './edge.ts';
import { Engine } from './engine.ts';
import type { Outcome } from './exchange.ts';
import { type Fault, Origin, type OriginPlan } from './origin.ts';
import { createStream } from './seeded-random.ts';

const FOR_EVER = { fromMs: 0, toMs: Number.POSITIVE_INFINITY };
const failing: Fault = { ...FOR_EVER, kind: 'failing', share: 1 };
const down: Fault = { ...FOR_EVER, kind: 'down' };

/** An edge in front of origins with one worker each, whose every request is 10 ms of work. */
function edgeBefore(plans: readonly Partial<OriginPlan>[], settings: EdgeSettings = {}, seed = 1) {
  const engine = new Engine();
  const origins = plans.map(
    (plan, i) => new Origin(engine, { key: `${i}`, workers: 1, weight: 1, faults: [], ...plan }),
  );
  const edge = new Edge({
    engine,
    origins,
    policy: createPolicy('least-connections'),
    settings,
    random: createStream(seed, 'policy'),
    drawOf: () => ({ workMs: 10, chance: 0 }),
    onPick: () => undefined,
    onEvent: () => undefined,
  });
  const ended: string[] = [];
  /** Requests at `atMs`, each of which notes how and when it ended. */
  const ask = (atMs: number, count = 1) => {
    engine.at(atMs, () => {
      for (let i = 0; i < count; i++) {
        edge.accept(0, (how: Outcome) => ended.push(`${how} at ${engine.nowMs}`));
      }
    });
  };
  return { engine, edge, ask, ended };
}

describe('a simulated edge', () => {
  it('tries a failed request elsewhere, and each origin once', () => {
    let attempts = 0;
    for (let seed = 0; seed < 20; seed++) {
      const { engine, edge, ask, ended } = edgeBefore([{ faults: [failing] }, {}], {}, seed);
      ask(0);
      engine.run(100);
      assert.match(ended.join(), /^good at 1[01]$/);
      attempts += edge.attempts;
    }
    assert.ok(attempts > 20 && attempts < 40, `${attempts} attempts`);
  });

  it('makes as many further attempts as it may', () => {
    const all = Array.from({ length: 5 }, () => ({ faults: [failing] }));
    for (const retries of [0, 1, 2]) {
      const { engine, edge, ask, ended } = edgeBefore(all, { retries });
      ask(0);
      engine.run(100);
      assert.deepEqual(ended, [`error at ${retries + 1}`]);
      assert.equal(edge.attempts, retries + 1);
    }
  });

  it('makes no other attempt when errors are answers, or the request must not be repeated', () => {
    for (const settings of [{ retriesErrors: false }, { isRepeatable: false }]) {
      const { engine, edge, ask, ended } = edgeBefore(
        [{ faults: [failing] }, { faults: [failing] }],
        settings,
      );
      ask(0);
      engine.run(100);
      assert.deepEqual(ended, ['error at 1']);
      assert.equal(edge.attempts, 1);
    }
  });

  it('asks every origin before it gives up on refused connections', () => {
    const all = Array.from({ length: 5 }, () => ({ faults: [down] }));
    const { engine, edge, ask, ended } = edgeBefore(all, { retries: 0, isRepeatable: false });
    ask(0);
    engine.run(100);
    assert.deepEqual(ended, ['error at 5']);
    assert.equal(edge.attempts, 5);
  });

  it('pays for retries out of a budget', () => {
    const all = Array.from({ length: 10 }, () => ({ faults: [failing] }));
    const { engine, edge, ask, ended } = edgeBefore(all);
    ask(0, 100);
    engine.run(1_000);
    assert.equal(ended.length, 100);
    // Ten are saved up, and no success adds to them; trials of origins in doubt are free.
    assert.ok(edge.attempts >= 110 && edge.attempts < 125, `${edge.attempts} attempts`);
  });

  it('lets requests wait while all origins are full, and serves them as they become free', () => {
    const { engine, ask, ended } = edgeBefore([{ maxInFlight: 1 }]);
    ask(0, 3);
    engine.run(100);
    assert.deepEqual(ended, ['good at 10', 'good at 20', 'good at 30']);
  });

  it('holds to a limit of the whole service', () => {
    const { engine, ask, ended } = edgeBefore([{ workers: 4 }, { workers: 4 }], { maxInFlight: 1 });
    ask(0, 3);
    engine.run(100);
    assert.deepEqual(ended, ['good at 10', 'good at 20', 'good at 30']);
  });

  it('refuses at once what would wait for too long', () => {
    const { engine, ask, ended } = edgeBefore([{ maxInFlight: 1 }]);
    ask(0, 20);
    engine.run(1_000);
    assert.equal(ended.length, 20);
    assert.ok(ended.filter((how) => how === 'shed at 0').length >= 10, ended.join());
    assert.ok(ended.includes('good at 10'));
  });

  it('sends a late request to another origin and takes what comes first', () => {
    const slow: Fault = { kind: 'slow', fromMs: 5_000, toMs: 5_010, factor: 100 };
    const { engine, edge, ask, ended } = edgeBefore([{ faults: [slow] }, {}, {}], {
      isHedging: true,
      hedgeDelayMs: 30,
    });
    for (let i = 0; i < 100; i++) ask(i * 50);
    // Three at once: one of them meets the slow one.
    ask(5_005, 3);
    engine.run(10_000);
    assert.equal(edge.hedges, 1);
    assert.equal(edge.attempts, 104);
    assert.deepEqual(ended.slice(100), ['good at 5015', 'good at 5015', 'good at 5045']);
  });

  it('forgets a request whose client has left', () => {
    const { engine, edge, ended } = edgeBefore([{ maxInFlight: 1 }]);
    const [, second] = [1, 2].map(() => edge.accept(0, (how) => ended.push(how)));
    assert.ok(second);
    engine.at(5, () => edge.abandon(second));
    engine.run(100);
    assert.deepEqual(ended, ['abandoned', 'good']);
    assert.equal(edge.attempts, 1);
    assert.equal(edge.service.inFlight, 0);
  });
});
