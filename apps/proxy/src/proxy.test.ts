import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LATE_MS } from './clock.test-support.ts';
import type { FailedOutcome } from './errors.ts';
import type { PreparedRequest } from './exchange.ts';
import {
  type Asked,
  createBench,
  end,
  failed,
  fieldOf,
  headOf,
  lasting,
  ok,
  over,
  sentField,
  TestCarrier,
  UPSTREAMS,
} from './proxy.test-support.ts';
import { serve } from './proxy.ts';
import { stages } from './request.ts';

describe('a request that is served', () => {
  it('goes to one upstream and ends with its status', (t) => {
    const { record, attempts, page } = createBench(t).ask({}, ok);
    assert.equal(attempts.length, 1);
    assert.equal(page, undefined);
    assert.equal(record.status, 200);
    assert.equal(record.failure, undefined);
    assert.equal(record.endedAt, 'settle');
    assert.equal(record.upstream, attempts[0]);
  });

  it('is sent as it was routed', (t) => {
    const asked = { url: 'http://a.b/x/%2e%2e/items?q=/../', lines: ['Host: other'] };
    const { request } = createBench(t).ask(asked, ok);
    assert.equal(request?.target, '/items?q=/../');
    assert.equal(sentField(request, 'host'), 'a.b');
  });

  it('carries an id, a trace and who asked, whatever a stranger claimed', (t) => {
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const lines = [
      ...['Host: example.com', 'X-Request-Id: forged', 'X-Forwarded-For: 6.6.6.6'],
      ...[`traceparent: ${parent}`, 'Accept: */*', 'Connection: keep-alive'],
    ];
    const { request } = createBench(t).ask({ lines }, ok);
    // In what order fields of different names come says nothing.
    assert.deepEqual(request?.lines.split('\r\n').sort(), [
      '',
      'Accept: */*',
      'forwarded: for=192.0.2.1;proto=http;host=example.com',
      'host: example.com',
      'traceparent: 00-0af7651916cd43dd8448eb211c80319c-0707070707070707-01',
      'via: 1.1 headgate',
      'x-forwarded-for: 192.0.2.1',
      'x-forwarded-host: example.com',
      'x-forwarded-proto: http',
      'x-request-id: id-1',
    ]);
  });

  it('begins a trace when it carries none', (t) => {
    const { request } = createBench(t).ask({}, ok);
    const [trace, span] = ['07'.repeat(16), '07'.repeat(8)];
    assert.equal(sentField(request, 'traceparent'), `00-${trace}-${span}-01`);
  });

  it('keeps the id that a trusted proxy gave it', (t) => {
    const bench = createBench(t, { trustedProxies: ['10.0.0.0/8'] });
    const lines = ['Host: example.com', 'X-Request-Id: given-by-the-front-proxy'];
    const { record } = bench.ask({ lines, peer: '::ffff:10.0.0.1' }, ok);
    assert.equal(record.id, 'given-by-the-front-proxy');
    assert.equal(record.client.address, '10.0.0.1');
  });

  it('may come without Host over HTTP/1.0', (t) => {
    const { request } = createBench(t).ask({ lines: [], version: '1.0' }, ok);
    assert.equal(sentField(request, 'host'), '127.0.0.1:8080');
  });

  it('may be answered long after its attempt began', (t) => {
    const { edge, finished } = createBench(t);
    const { attempt, end } = lasting();
    const carrier = new TestCarrier({}, undefined, attempt);
    serve(edge, headOf({}), carrier);
    assert.equal(edge.inFlight, 1);
    assert.equal(carrier.isFinished, false);
    end(ok);
    assert.equal(edge.inFlight, 0);
    assert.equal(carrier.isFinished, true);
    assert.equal(finished.length, 1);
  });

  it('has its stages timed only where somebody asks', (t) => {
    const bench = createBench(t);
    assert.equal(bench.ask({}, ok).record.stopwatch, undefined);
    bench.edge.isTimed = true;
    const { attempt, end } = lasting();
    serve(bench.edge, headOf({}), new TestCarrier({}, undefined, attempt));
    bench.clock.pass(30);
    end(ok);
    const spentMs = bench.finished.at(-1)?.stopwatch?.totalsMs() ?? [];
    assert.equal(spentMs[stages.indexOf('exchange')], 30);
    assert.equal(spentMs[stages.indexOf('settle')], 0);
  });
});

describe('a request that is refused', () => {
  const large = ['Host: a', 'Content-Length: 11'];
  const cases: { name: string; asked: Asked; status: number; stage: string }[] = [
    { name: 'an unknown path', asked: { url: '/x' }, status: 404, stage: 'route' },
    { name: 'a method no route takes', asked: { method: 'PUT' }, status: 405, stage: 'route' },
    { name: 'a malformed target', asked: { url: '/a%00' }, status: 400, stage: 'route' },
    { name: 'CONNECT', asked: { method: 'CONNECT', url: 'a:80' }, status: 405, stage: 'route' },
    { name: 'TRACE', asked: { method: 'TRACE', url: '/any' }, status: 405, stage: 'guard' },
    {
      name: 'a body beyond the limit',
      asked: { method: 'POST', lines: large },
      status: 413,
      stage: 'guard',
    },
    {
      name: 'an expectation nobody knows',
      asked: { lines: ['Host: a', 'Expect: wonders'] },
      status: 417,
      stage: 'guard',
    },
  ];
  for (const { name, asked, status, stage } of cases) {
    it(`hears ${status} for ${name}, and no upstream hears of it`, (t) => {
      const bench = createBench(t, { limits: { requestBodySize: '10B' } });
      const { record, attempts, page } = bench.ask(asked);
      assert.deepEqual(attempts, []);
      assert.equal(page?.status, status);
      assert.equal(record.status, status);
      assert.equal(record.endedAt, stage);
      assert.equal(fieldOf(page, 'x-request-id'), 'id-1');
    });
  }

  it('hears which methods the path takes', (t) => {
    const { page } = createBench(t).ask({ method: 'DELETE' });
    assert.equal(fieldOf(page, 'allow'), 'GET, POST');
  });

  it('hears at once that there is no room', (t) => {
    const bench = createBench(t, { limits: { maxInFlight: 1 } });
    const { attempt, end } = lasting();
    const first = new TestCarrier({}, undefined, attempt);
    const second = new TestCarrier({}, undefined, () => assert.fail('there is no room'));
    serve(bench.edge, headOf({}), first);
    serve(bench.edge, headOf({}), second);
    assert.equal(second.page?.status, 503);
    assert.equal(fieldOf(second.page, 'retry-after'), '1');
    end(ok);
    assert.equal(first.page, undefined);
    assert.equal(bench.ask({}, ok).record.status, 200);
  });

  it('hears that no upstream takes requests when all are switched off', (t) => {
    const bench = createBench(t);
    const balancer = bench.edge.snapshot().services.get('items')?.balancer;
    for (const upstream of balancer?.upstreams ?? []) upstream.isDisabled = true;
    balancer?.refresh(bench.clock.now());
    const { page, record } = bench.ask({});
    assert.equal(page?.status, 503);
    assert.equal(record.failure?.kind, 'no-upstream');
    assert.equal(record.endedAt, 'acquire');
  });
});

describe('an attempt that fails', () => {
  it('is followed by one with another upstream', (t) => {
    const { attempts, record, page } = createBench(t).ask({}, failed('connect-failed'), ok);
    assert.equal(new Set(attempts).size, 2);
    assert.equal(record.attempts, 2);
    assert.equal(record.status, 200);
    assert.equal(record.failure, undefined);
    assert.equal(page, undefined);
  });

  it('is followed by one with the same request', (t) => {
    const bench = createBench(t);
    const requests: PreparedRequest[] = [];
    const carrier = new TestCarrier({}, undefined, ({ request }, listener) => {
      requests.push(request);
      end(listener, requests.length === 1 ? failed('connect-failed') : ok);
      return over;
    });
    serve(bench.edge, headOf({}), carrier);
    assert.equal(requests.length, 2);
    assert.equal(requests[0], requests[1]);
  });

  it('ends in an error page when every upstream refuses, each asked once', (t) => {
    // A policy that would pick the same one again.
    const services = {
      items: { upstreams: UPSTREAMS.map((url) => ({ url })), policy: 'random' as const },
    };
    const bench = createBench(t, { services, routes: [{ service: 'items' }] });
    const { attempts, page, record } = bench.ask({}, failed('connect-failed'));
    assert.deepEqual([...attempts].sort(), UPSTREAMS);
    assert.equal(page?.status, 503);
    assert.equal(record.failure?.kind, 'connect-failed');
  });

  it('is repeated on a single upstream, as often as retries say', (t) => {
    const sent = failed('upstream-reset', { wasAnythingSent: true });
    const { attempts, page } = createBench(t).ask({ url: '/single' }, sent);
    assert.equal(attempts.length, 3);
    assert.equal(page?.status, 502);
  });

  const final: { name: string; asked: Asked; outcome: FailedOutcome; status: number }[] = [
    {
      name: 'a POST that may have been sent',
      asked: { method: 'POST' },
      outcome: failed('upstream-reset', { wasAnythingSent: true }),
      status: 502,
    },
    {
      name: 'a body that was begun',
      asked: { method: 'POST', hasBody: true },
      outcome: failed('connect-failed'),
      status: 503,
    },
    {
      name: 'an upstream that was too slow',
      asked: {},
      outcome: failed('first-byte-timeout', { wasAnythingSent: true }),
      status: 504,
    },
  ];
  for (const { name, asked, outcome, status } of final) {
    it(`is not repeated for ${name}`, (t) => {
      const { attempts, page } = createBench(t).ask(asked, outcome);
      assert.equal(attempts.length, 1);
      assert.equal(page?.status, status);
    });
  }

  it('is not repeated when the service allows no retries', (t) => {
    const services = {
      items: { upstreams: UPSTREAMS.map((url) => ({ url })), retries: 0 },
    };
    const bench = createBench(t, { services, routes: [{ service: 'items' }] });
    const sent = failed('upstream-reset', { wasAnythingSent: true });
    assert.equal(bench.ask({}, sent).attempts.length, 1);
  });

  it('gets no error page once the answer has begun, or the client has gone', (t) => {
    const bench = createBench(t);
    const truncated = failed('truncated', { hasResponseStarted: true, wasAnythingSent: true });
    for (const outcome of [truncated, failed('client-gone', { wasAnythingSent: true })]) {
      const { page, record, attempts } = bench.ask({}, outcome);
      assert.equal(attempts.length, 1);
      assert.equal(page, undefined);
      assert.equal(record.failure?.kind, outcome.kind);
    }
  });

  it('counts against the upstream only when it is the one to blame', (t) => {
    const bench = createBench(t);
    const failures = () => {
      const service = bench.edge.snapshot().services.get('single');
      return service?.balancer.upstreams[0]?.failures;
    };
    bench.ask({ url: '/single' }, failed('client-gone'));
    assert.equal(failures(), 0);
    bench.ask({ url: '/single' }, { kind: 'answered', status: 404 });
    assert.equal(failures(), 0);
    bench.ask({ url: '/single' }, { kind: 'answered', status: 500 });
    assert.equal(failures(), 1);
    bench.ask({ url: '/single' }, failed('idle-timeout', { hasResponseStarted: true }));
    assert.equal(failures(), 2);
  });
});

describe('a request with a limit in total', () => {
  const asked = { url: '/single' };

  it('is ended when its time is up, and nobody but the edge is to blame', (t) => {
    const { edge, clock, finished } = createBench(t);
    const { attempt, cancelled } = lasting();
    const carrier = new TestCarrier(asked, undefined, attempt);
    serve(edge, headOf(asked), carrier);
    clock.pass(60_000);
    assert.deepEqual(cancelled, []);
    clock.pass(LATE_MS);
    assert.deepEqual(cancelled, ['total-timeout']);
    assert.equal(carrier.page?.status, 504);
    assert.equal(finished[0]?.service?.balancer.upstreams[0]?.failures, 0);
  });

  it('is left alone once it is over', (t) => {
    const { edge, clock } = createBench(t);
    const { attempt, cancelled, end } = lasting();
    serve(edge, headOf(asked), new TestCarrier(asked, undefined, attempt));
    end(ok);
    assert.equal(clock.isTicking, false);
    clock.pass(60_000 + LATE_MS);
    assert.deepEqual(cancelled, []);
  });

  it('is ended in its second attempt when the first failed at once', (t) => {
    const { edge, clock } = createBench(t);
    const second = lasting();
    let attempts = 0;
    const carrier = new TestCarrier(asked, undefined, (order, listener) => {
      if (++attempts > 1) return second.attempt(order, listener);
      end(listener, failed('upstream-reset', { wasAnythingSent: true }));
      return over;
    });
    serve(edge, headOf(asked), carrier);
    assert.equal(attempts, 2);
    clock.pass(60_000 + LATE_MS);
    assert.deepEqual(second.cancelled, ['total-timeout']);
  });

  it('has no more time for its second attempt than was left by the first', (t) => {
    const { edge, clock } = createBench(t);
    const [first, second] = [lasting(), lasting()];
    const attempts = [first.attempt, second.attempt];
    const carrier = new TestCarrier(asked, undefined, (...given) => {
      const attempt = attempts.shift();
      assert.ok(attempt);
      return attempt(...given);
    });
    serve(edge, headOf(asked), carrier);
    clock.pass(40_000);
    first.end(failed('upstream-reset', { wasAnythingSent: true }));
    clock.pass(20_000 + LATE_MS);
    assert.deepEqual(first.cancelled, []);
    assert.deepEqual(second.cancelled, ['total-timeout']);
  });
});

describe('a fault inside the edge', () => {
  it('becomes a 500, is reported, and holds no upstream', (t) => {
    const fault = new Error('a bug');
    const { page, record } = createBench(t).ask({}, fault);
    assert.equal(page?.status, 500);
    assert.equal(record.error, fault);
    assert.doesNotMatch(page.body, /a bug/);
  });
});
