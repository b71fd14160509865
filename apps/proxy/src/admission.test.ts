/** Where requests wait while all upstreams are full. */
import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import {
  createPolicy,
  createService,
  createUpstream,
  type Lease,
  type Priority,
} from '@headgate/balancer';
import { Admission, type Guest, Waiter } from './admission.ts';
import { createPendingBench } from './attempts.test-support.ts';
import { LATE_MS } from './clock.test-support.ts';
import type { ProxyConfigInput } from './config.ts';
import { fieldOf, UPSTREAMS } from './proxy.test-support.ts';

/** A service with one upstream that takes one request at a time, and who waits for it. */
function createRoom(t: TestContext) {
  t.mock.timers.enable({ apis: ['setTimeout'] });
  let nowMs = 1_000;
  const now = () => nowMs;
  const upstream = createUpstream({ key: 'http://a', maxInFlight: 1 });
  const policy = createPolicy('least-connections');
  const random = () => 0.5;
  const service = createService({ name: 'items', policy, upstreams: [upstream], random });
  const admission = new Admission(service, now, random);
  const told: string[] = [];
  const ask = () => ({
    nowMs,
    tried: [],
    isRepeatable: true,
    hash: undefined,
    stickTo: undefined,
  });
  const leases: Lease[] = [];
  const guest = (name: string, onGranted: (lease: Lease) => void): Guest => ({
    askAt: ask,
    granted(lease) {
      told.push(`${name} granted`);
      onGranted(lease);
    },
    shed: (seconds) => told.push(`${name} shed for ${seconds} s`),
  });
  return {
    admission,
    service,
    upstream,
    told,
    /** Comes and waits, or not. */
    enter(
      name: string,
      priority: Priority = 'normal',
      onGranted: (lease: Lease) => void = (lease) => leases.push(lease),
    ): Waiter {
      const waiter = new Waiter(priority, guest(name, onGranted));
      admission.enter(waiter);
      return waiter;
    },
    fill() {
      const lease = service.acquire(ask());
      assert.ok(typeof lease !== 'string');
      leases.push(lease);
    },
    /** The oldest request in flight ends. */
    finish() {
      leases.shift()?.release('success', nowMs);
      admission.freed();
    },
    pass(ms: number) {
      for (let i = 0; i < ms; i++) {
        nowMs++;
        t.mock.timers.tick(1);
      }
    },
  };
}

describe('the waiting room of a service', () => {
  it('lets requests go on in the order they came, as upstreams become free', (t) => {
    const { fill, enter, finish, told, admission } = createRoom(t);
    fill();
    for (const name of ['a', 'b', 'c']) enter(name);
    assert.equal(admission.length, 3);
    for (let i = 0; i < 3; i++) finish();
    assert.deepEqual(told, ['a granted', 'b granted', 'c granted']);
    assert.equal(admission.length, 0);
  });

  it('refuses at once who would wait too long, with a time to come back', (t) => {
    const { fill, enter, told, admission } = createRoom(t);
    fill();
    for (const name of ['a', 'b', 'c', 'd', 'e']) enter(name);
    assert.equal(told.length, 1);
    assert.match(told[0] ?? '', /^e shed for [1-9]\d* s$/);
    assert.equal(admission.shed, 1);
    assert.equal(admission.length, 4);
  });

  it('gives up on those it let wait when nothing becomes free', (t) => {
    const { fill, enter, told, admission, pass } = createRoom(t);
    fill();
    enter('a');
    pass(100);
    enter('b');
    pass(115);
    assert.match(told.join(), /^a shed for \d+ s$/);
    pass(100);
    assert.equal(told.length, 2);
    assert.equal(admission.length, 0);
  });

  it('lets nobody go on who has left', (t) => {
    const { fill, enter, told, admission, finish } = createRoom(t);
    fill();
    const waiter = enter('a');
    enter('b');
    admission.leave(waiter);
    admission.leave(waiter);
    finish();
    finish();
    assert.deepEqual(told, ['b granted']);
  });

  it('serves the important first, and has others make room for them', (t) => {
    const { fill, enter, told, finish } = createRoom(t);
    fill();
    for (const name of ['a', 'b', 'c']) enter(name, 'low');
    enter('n');
    enter('h', 'high');
    assert.match(told.join(), /^[abc] shed/);
    finish();
    finish();
    finish();
    assert.deepEqual(
      told.slice(1).map((line) => line[0]),
      ['h', 'n', 'a'],
    );
  });

  it('sees by itself that there is room again', (t) => {
    const { fill, enter, told, upstream, pass } = createRoom(t);
    fill();
    enter('a');
    upstream.maxInFlight = 2;
    pass(40);
    assert.deepEqual(told, ['a granted']);
  });

  it('refuses those who wait for a service nobody is left of', (t) => {
    const { fill, enter, told, service, upstream, pass } = createRoom(t);
    fill();
    enter('a');
    upstream.isDisabled = true;
    service.refresh(2_000);
    pass(15);
    assert.match(told.join(), /^a shed/);
  });

  it('lets one after the other go on when each ends at once', (t) => {
    const { fill, enter, told, finish, admission, service } = createRoom(t);
    fill();
    for (const name of ['a', 'b', 'c']) {
      enter(name, 'normal', (lease) => {
        lease.release('success', 1_000);
        admission.freed();
      });
    }
    finish();
    assert.deepEqual(told, ['a granted', 'b granted', 'c granted']);
    assert.equal(service.inFlight, 0);
  });

  it('goes on after one who failed to take what it was granted', (t) => {
    const { fill, enter, told, finish, admission } = createRoom(t);
    fill();
    enter('a', 'normal', (lease) => {
      lease.release('ignored', 1_000);
      throw new Error('a bug');
    });
    enter('b');
    assert.throws(() => finish(), /a bug/);
    admission.freed();
    assert.deepEqual(told, ['a granted', 'b granted']);
  });
});

describe('a request that finds all upstreams full', () => {
  function createFull(t: TestContext, settings: Partial<ProxyConfigInput> = {}) {
    const bench = createPendingBench(t, {
      services: { items: { upstreams: [{ url: UPSTREAMS[0] as string, maxInFlight: 1 }] } },
      routes: [
        { match: { path: '/first' }, service: 'items', priority: 'high' },
        { match: { path: '/quick' }, service: 'items', deadline: '20ms' },
        { service: 'items' },
      ],
      ...settings,
    });
    return { ...bench, first: bench.open() };
  }

  it('is served when there is room', (t) => {
    const { first, open, finished, assertIdle } = createFull(t);
    const second = open();
    assert.equal(second.attempts.length, 0);
    assert.equal(second.carrier.page, undefined);
    first.last().begin();
    assert.equal(second.attempts.length, 0, 'the body is still on its way');
    first.last().answer();
    second.last().answer();
    assert.deepEqual(
      finished.map(({ status }) => status),
      [200, 200],
    );
    assertIdle();
  });

  it('does not overtake those who wait', (t) => {
    const { first, open, assertIdle, service } = createFull(t);
    const second = open();
    (service.balancer.upstreams[0] as { maxInFlight: number }).maxInFlight = 2;
    const third = open();
    assert.equal(third.attempts.length, 0);
    first.last().answer();
    assert.deepEqual([second.attempts.length, third.attempts.length], [1, 1]);
    second.last().answer();
    third.last().answer();
    assertIdle();
  });

  it('hears 503 and when to come back where too many wait', (t) => {
    const { first, open, finished, assertIdle } = createFull(t);
    const waiting = [open(), open(), open(), open()];
    const { carrier, attempts } = open();
    assert.equal(carrier.page?.status, 503);
    assert.match(fieldOf(carrier.page, 'retry-after') ?? '', /^[1-9]\d*$/);
    assert.equal(finished[0]?.failure?.kind, 'overloaded');
    assert.equal(finished[0]?.endedAt, 'admit');
    assert.equal(attempts.length, 0);
    first.last().answer();
    for (const each of waiting) each.last().answer();
    assertIdle();
  });

  it('hears the same when it has waited for too long', (t) => {
    const { first, open, pass, assertIdle } = createFull(t);
    const { carrier } = open();
    pass(250);
    assert.equal(carrier.page?.status, 503);
    first.last().answer();
    assertIdle();
  });

  it('leaves its place when its client does', (t) => {
    const { first, open, finished, assertIdle } = createFull(t);
    const { carrier, attempts } = open();
    carrier.life?.cancel('client-gone', 'left');
    carrier.life?.cancel('client-gone', 'left');
    assert.equal(carrier.isFinished, true);
    assert.equal(carrier.page, undefined);
    assert.equal(finished[0]?.status, 499);
    first.last().answer();
    assert.equal(attempts.length, 0);
    assertIdle();
  });

  it('hears 504 when its time is up before', (t) => {
    const { first, open, pass, finished, assertIdle } = createFull(t, {
      limits: { maxInFlight: 10 },
    });
    const { carrier } = open({ url: '/quick' });
    // Deadlines are met late, and nobody waits that long: it is one or the other, once.
    pass(20 + LATE_MS);
    assert.ok([503, 504].includes(carrier.page?.status ?? 0));
    assert.equal(finished.length, 1);
    first.last().answer();
    assertIdle();
  });

  it('goes first when its route is important, or a trusted peer says so', (t) => {
    const { first, open, assertIdle } = createFull(t, { trustedProxies: ['10.0.0.0/8'] });
    const said = { lines: ['Host: a', 'headgate-priority: high'] };
    const stranger = open(said);
    const important = open({ url: '/first' });
    const trusted = open({ ...said, peer: '10.0.0.1' });
    first.last().answer();
    assert.equal(important.attempts.length, 1);
    important.last().answer();
    assert.equal(trusted.attempts.length, 1);
    trusted.last().answer();
    stranger.last().answer();
    assertIdle();
  });

  it('that the edge fails to serve fails alone', (t) => {
    const { first, open, finished, assertIdle } = createFull(t);
    const second = open();
    const third = open();
    const fault = new Error('a bug');
    t.mock.method(second.carrier, 'attempt', () => {
      throw fault;
    });
    first.last().answer();
    assert.equal(second.carrier.page?.status, 500);
    assert.equal(finished.find(({ error }) => error === fault)?.status, 500);
    third.last().answer();
    assert.equal(finished.length, 3);
    assertIdle();
  });
});
