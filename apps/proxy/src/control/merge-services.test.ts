import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { HistoryEntry, ServiceStatus, UpstreamStatus } from '../admin/services.ts';
import { mergeServices } from './merge-services.ts';

const A = 'http://a';

function upstream(facts: Partial<UpstreamStatus> = {}): UpstreamStatus {
  return {
    url: A,
    weight: 1,
    verdict: 'unknown',
    reason: undefined,
    presence: 'in',
    isDraining: false,
    isDisabled: false,
    inFlight: 0,
    waiting: 0,
    limit: undefined,
    latencyMs: undefined,
    correction: 1,
    requests: 0,
    failures: 0,
    history: [],
    ...facts,
  };
}

function service(facts: Partial<ServiceStatus> = {}): ServiceStatus {
  return {
    name: 'app',
    policy: 'round-robin',
    inFlight: 0,
    queued: 0,
    shed: 0,
    isPanicking: false,
    upstreams: [upstream()],
    ...facts,
  };
}

function merge(...reports: readonly (readonly ServiceStatus[])[]): readonly ServiceStatus[] {
  return mergeServices(reports.map((services, i) => ({ worker: i + 1, services })));
}

/** What becomes of one upstream of which each worker says something. */
function mergeOne(...facts: readonly Partial<UpstreamStatus>[]): UpstreamStatus {
  const reports = facts.map((fact) => [service({ upstreams: [upstream(fact)] })]);
  return merge(...reports)[0]?.upstreams[0] as UpstreamStatus;
}

function seen(what: HistoryEntry['what'], at: number, reason = 'why'): HistoryEntry {
  return { what, reason, at, workers: 1 };
}

/** As `what at workers`. */
function told(...histories: readonly (readonly HistoryEntry[])[]): string[] {
  const { history } = mergeOne(...histories.map((history) => ({ history })));
  return history.map(({ what, at, workers }) => `${what} ${at} ${workers}`);
}

describe('the services of several workers', () => {
  it('are none when nobody has answered', () => {
    assert.deepEqual(mergeServices([]), []);
  });

  it('of one worker are as that one says', () => {
    const facts = { inFlight: 1, limit: 3, latencyMs: 1.25, requests: 7, reason: 'ok' };
    const history = [seen('healthy', 1), seen('ejected', 2)];
    const only = service({ shed: 2, upstreams: [upstream({ ...facts, history })] });
    assert.deepEqual(merge([only]), [only]);
  });

  it('have their load added up', () => {
    const upstreams = [upstream({ inFlight: 1, waiting: 2, requests: 3, failures: 4 })];
    const one = service({ inFlight: 1, queued: 2, shed: 3, upstreams });
    const [merged] = merge([one], [one], [one]);
    assert.deepEqual([merged?.inFlight, merged?.queued, merged?.shed], [3, 6, 9]);
    const [a] = merged?.upstreams ?? [];
    assert.deepEqual([a?.inFlight, a?.waiting, a?.requests, a?.failures], [3, 6, 9, 12]);
  });

  it('are in the order in which they are first named, with what one worker alone has', () => {
    const [app, other] = merge(
      [service({ upstreams: [upstream({ url: 'http://b' }), upstream()] })],
      [service({ name: 'other' }), service({ upstreams: [upstream(), upstream({ url: 'c' })] })],
    );
    assert.deepEqual([app?.name, other?.name], ['app', 'other']);
    assert.deepEqual(
      app?.upstreams.map(({ url }) => url),
      ['http://b', A, 'c'],
    );
  });

  it('keep upstreams of the same address in different services apart', () => {
    const of = (name: string, requests: number) =>
      service({ name, upstreams: [upstream({ requests })] });
    const merged = merge([of('x', 1), of('y', 10)], [of('x', 1), of('y', 10)]);
    assert.deepEqual(
      merged.map(({ upstreams }) => upstreams[0]?.requests),
      [2, 20],
    );
  });

  it('panic when one worker does', () => {
    assert.equal(merge([service()], [service({ isPanicking: true })])[0]?.isPanicking, true);
    assert.equal(merge([service()], [service()])[0]?.isPanicking, false);
  });
});

describe('an upstream of several workers', () => {
  it('has the worst verdict, with the reason of the worker that found it', () => {
    const unknown = { verdict: 'unknown' } as const;
    const good = { verdict: 'healthy', reason: 'fine' } as const;
    const bad = { verdict: 'unhealthy', reason: 'broken' } as const;
    const verdictOf = (...facts: Partial<UpstreamStatus>[]) => {
      const { verdict, reason } = mergeOne(...facts);
      return [verdict, reason];
    };
    assert.deepEqual(verdictOf(good, bad, unknown), ['unhealthy', 'broken']);
    assert.deepEqual(verdictOf(unknown, good), ['healthy', 'fine']);
    assert.deepEqual(verdictOf(unknown, unknown), ['unknown', undefined]);
  });

  it('is as far out as it is for any of them', () => {
    assert.equal(mergeOne({ presence: 'returning' }, { presence: 'out' }).presence, 'out');
    assert.equal(mergeOne({ presence: 'in' }, { presence: 'returning' }).presence, 'returning');
    assert.equal(mergeOne({}, { isDraining: true }).isDraining, true);
    assert.equal(mergeOne({ isDisabled: true }, {}).isDisabled, true);
    const { isDraining, isDisabled, presence } = mergeOne({}, {});
    assert.deepEqual([isDraining, isDisabled, presence], [false, false, 'in']);
  });

  it('has the limits together of those that limit it', () => {
    assert.equal(mergeOne({ limit: 3 }, {}, { limit: 4 }).limit, 7);
    assert.equal(mergeOne({}, {}).limit, undefined);
  });

  it('has a latency by the requests behind it, and the highest correction', () => {
    const { latencyMs, correction } = mergeOne(
      { latencyMs: 10, requests: 30, correction: 1 },
      { latencyMs: 50, requests: 10, correction: 2.5 },
      { requests: 1_000 },
    );
    assert.deepEqual([latencyMs, correction], [20, 2.5]);
    assert.equal(mergeOne({ requests: 5 }, {}).latencyMs, undefined);
    assert.equal(mergeOne({ latencyMs: 10 }, { latencyMs: 20 }).latencyMs, 15);
  });
});

describe('the history of an upstream of several workers', () => {
  it('is by time, with what several saw told once and how many they were', () => {
    assert.deepEqual(
      told(
        [seen('healthy', 0), seen('ejected', 20_000)],
        [seen('healthy', 900), seen('unhealthy', 10_000)],
        [seen('healthy', 400)],
      ),
      ['healthy 0 3', 'unhealthy 10000 1', 'ejected 20000 1'],
    );
  });

  it('gives the reason of the worker that saw it first', () => {
    const late = [seen('unhealthy', 100, 'late')];
    const early = [seen('unhealthy', 50, 'early')];
    const { history } = mergeOne({ history: late }, { history: early });
    assert.deepEqual(history, [{ what: 'unhealthy', reason: 'early', at: 50, workers: 2 }]);
  });

  it('takes for the same change what is up to five seconds apart', () => {
    assert.deepEqual(told([seen('slow', 0)], [seen('slow', 5_000)]), ['slow 0 2']);
    assert.deepEqual(told([seen('slow', 0)], [seen('slow', 5_001)]), ['slow 0 1', 'slow 5001 1']);
  });

  it('never takes for one what the same worker saw twice', () => {
    assert.deepEqual(
      told(
        [seen('ejected', 0), seen('returning', 100), seen('ejected', 200)],
        [seen('ejected', 50), seen('ejected', 250)],
      ),
      ['ejected 0 2', 'returning 100 1', 'ejected 200 2'],
    );
  });

  it('is the latest sixteen', () => {
    const many = (from: number) =>
      Array.from({ length: 20 }, (_, i) => seen('ejected', from + i * 20_000));
    const history = told(many(0), many(10_000));
    assert.equal(history.length, 16);
    assert.deepEqual([history[0], history.at(-1)], ['ejected 240000 1', 'ejected 390000 1']);
  });
});
