import assert from 'node:assert/strict';
import type { IncomingMessage } from 'node:http';
import { describe, it, type TestContext } from 'node:test';
import { type ProxyConfigInput, proxySchema } from './config.ts';
import { type ErrorPage, type FailedOutcome, failure, type Outcome } from './errors.ts';
import type { PreparedRequest } from './exchange.ts';
import { headerValue } from './headers.ts';
import { type Carrier, type Edge, serve } from './proxy.ts';
import type { RequestRecord } from './request.ts';
import { buildSnapshot, retireSnapshot } from './snapshot.ts';

const UPSTREAMS = ['http://127.0.0.1:1', 'http://127.0.0.1:2', 'http://127.0.0.1:3'];

interface Asked {
  readonly method?: string;
  readonly url?: string;
  readonly httpVersion?: string;
  readonly peer?: string;
  readonly headers?: readonly string[];
  readonly hasBody?: boolean;
}

/** What became of one request. */
interface Served {
  readonly record: RequestRecord;
  /** Upstreams by attempt. */
  readonly attempts: readonly string[];
  readonly request: PreparedRequest | undefined;
  readonly page: ErrorPage | undefined;
}

interface Bench {
  readonly edge: Edge;
  /** Serves a request whose attempts end as `outcomes` say; the last one repeats. */
  ask(asked: Asked, ...outcomes: (Outcome | Error)[]): Promise<Served>;
}

function createBench(t: TestContext, settings: Partial<ProxyConfigInput> = {}): Bench {
  const config = proxySchema.parse({
    listeners: [{ address: '127.0.0.1:0' }],
    services: {
      items: { upstreams: UPSTREAMS.map((url) => ({ url })), policy: 'round-robin' },
      single: { upstreams: [{ url: UPSTREAMS[0] }] },
    },
    routes: [
      { match: { path: '/single' }, service: 'single' },
      { match: { path: '/items', methods: ['GET', 'POST'] }, service: 'items' },
      { match: { path: '/any' }, service: 'items' },
    ],
    ...settings,
  });
  const snapshot = buildSnapshot(config, undefined, {
    now: () => 0,
    random: () => 0.5,
    metrics: { forService: () => ({ finished() {}, attempted() {}, retried() {} }) },
    onVerdict() {},
  });
  t.after(() => retireSnapshot(snapshot, undefined));
  const finished: RequestRecord[] = [];
  const edge: Edge = {
    snapshot: () => snapshot,
    now: () => 0,
    nextRequestId: () => 'id-1',
    randomBytes: (size) => new Uint8Array(size).fill(7),
    inFlight: 0,
    onFinish: (record) => finished.push(record),
  };
  return {
    edge,
    async ask(asked, ...outcomes) {
      const attempts: string[] = [];
      let request: PreparedRequest | undefined;
      let page: ErrorPage | undefined;
      const message = messageOf(asked);
      const carrier: Carrier = {
        body: asked.hasBody ? { message, idleMs: 1_000, isStarted: false } : undefined,
        extraHeaders: [],
        async attempt(prepared, upstream) {
          request = prepared;
          const outcome = outcomes[Math.min(attempts.length, outcomes.length - 1)];
          attempts.push(upstream.upstream.key);
          assert.equal(upstream.upstream.inFlight, 1);
          if (carrier.body) carrier.body.isStarted = true;
          if (!outcome || outcome instanceof Error) throw outcome ?? new Error('no outcome left');
          return outcome;
        },
        refuse(answer) {
          assert.equal(page, undefined, 'refused twice');
          page = answer;
        },
      };
      const before = finished.length;
      await serve(edge, message, carrier);
      assert.equal(finished.length, before + 1);
      assert.equal(edge.inFlight, 0);
      for (const service of snapshot.services.values()) assert.equal(service.balancer.inFlight, 0);
      const record = finished.at(-1);
      assert.ok(record);
      return { record, attempts, request, page };
    },
  };
}

function messageOf(asked: Asked): IncomingMessage {
  const { method = 'GET', url = '/items', httpVersion = '1.1', peer = '192.0.2.1' } = asked;
  const rawHeaders = asked.headers ?? ['Host', 'example.com'];
  const socket = { remoteAddress: peer, localAddress: '127.0.0.1', localPort: 8080 };
  return { method, url, httpVersion, rawHeaders, socket } as unknown as IncomingMessage;
}

const ok: Outcome = { kind: 'answered', status: 200 };

function failed(
  kind: Parameters<typeof failure>[0],
  facts: Partial<Pick<FailedOutcome, 'hasResponseStarted' | 'wasAnythingSent'>> = {},
): FailedOutcome {
  return { ...failure(kind, kind), hasResponseStarted: false, wasAnythingSent: false, ...facts };
}

describe('a request that is served', () => {
  it('goes to one upstream and ends with its status', async (t) => {
    const { record, attempts, page } = await createBench(t).ask({}, ok);
    assert.equal(attempts.length, 1);
    assert.equal(page, undefined);
    assert.equal(record.status, 200);
    assert.equal(record.failure, undefined);
    assert.equal(record.endedAt, 'settle');
    assert.equal(record.upstream, attempts[0]);
  });

  it('is sent as it was routed', async (t) => {
    const asked = { url: 'http://a.b/x/%2e%2e/items?q=/../', headers: ['Host', 'other'] };
    const { request } = await createBench(t).ask(asked, ok);
    assert.equal(request?.target, '/items?q=/../');
    assert.equal(headerValue(request.headers, 'host'), 'a.b');
  });

  it('carries an id, a trace and who asked, whatever a stranger claimed', async (t) => {
    const parent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
    const headers = [
      ...['Host', 'example.com', 'X-Request-Id', 'forged', 'X-Forwarded-For', '6.6.6.6'],
      ...['traceparent', parent, 'Accept', '*/*', 'Connection', 'keep-alive'],
    ];
    const { request } = await createBench(t).ask({ headers }, ok);
    assert.deepEqual(request?.headers, [
      ...['host', 'example.com', 'Accept', '*/*'],
      ...['x-forwarded-for', '192.0.2.1', 'x-forwarded-proto', 'http'],
      ...['x-forwarded-host', 'example.com'],
      ...['forwarded', 'for=192.0.2.1;proto=http;host=example.com'],
      ...['x-request-id', 'id-1'],
      ...['traceparent', '00-0af7651916cd43dd8448eb211c80319c-0707070707070707-01'],
      ...['via', '1.1 headgate'],
    ]);
  });

  it('keeps the id that a trusted proxy gave it', async (t) => {
    const bench = createBench(t, { trustedProxies: ['10.0.0.0/8'] });
    const headers = ['Host', 'example.com', 'X-Request-Id', 'given-by-the-front-proxy'];
    const { record } = await bench.ask({ headers, peer: '::ffff:10.0.0.1' }, ok);
    assert.equal(record.id, 'given-by-the-front-proxy');
    assert.equal(record.peer, '10.0.0.1');
  });

  it('may come without Host over HTTP/1.0', async (t) => {
    const asked = { headers: [], httpVersion: '1.0' };
    const { request } = await createBench(t).ask(asked, ok);
    assert.equal(headerValue(request?.headers ?? [], 'host'), '127.0.0.1:8080');
  });
});

describe('a request that is refused', () => {
  const cases: { name: string; asked: Asked; status: number; stage: string }[] = [
    { name: 'an unknown path', asked: { url: '/x' }, status: 404, stage: 'route' },
    { name: 'a method no route takes', asked: { method: 'PUT' }, status: 405, stage: 'route' },
    { name: 'a malformed target', asked: { url: '/a%00' }, status: 400, stage: 'route' },
    { name: 'no Host', asked: { headers: [] }, status: 400, stage: 'guard' },
    {
      name: 'two hosts',
      asked: { headers: ['Host', 'a', 'host', 'a'] },
      status: 400,
      stage: 'guard',
    },
    ...['a, b', 'a b', 'a/b', 'user@a', 'a\\b', 'a?b', 'a#b'].map((host) => ({
      name: `Host ${host}`,
      asked: { headers: ['Host', host] },
      status: 400,
      stage: 'guard',
    })),
    {
      name: 'too many header fields',
      asked: { headers: ['Host', 'a', ...Array.from({ length: 200 }, () => 'x')] },
      status: 431,
      stage: 'guard',
    },
    { name: 'TRACE', asked: { method: 'TRACE', url: '/any' }, status: 405, stage: 'guard' },
  ];
  for (const { name, asked, status, stage } of cases) {
    it(`hears ${status} for ${name}, and no upstream hears of it`, async (t) => {
      const { record, attempts, page } = await createBench(t).ask(asked);
      assert.deepEqual(attempts, []);
      assert.equal(page?.status, status);
      assert.equal(record.status, status);
      assert.equal(record.endedAt, stage);
      assert.equal(headerValue(page.headers, 'x-request-id'), 'id-1');
    });
  }

  it('hears which methods the path takes', async (t) => {
    const { page } = await createBench(t).ask({ method: 'DELETE' });
    assert.equal(headerValue(page?.headers ?? [], 'allow'), 'GET, POST');
  });

  it('hears at once that there is no room', async (t) => {
    const bench = createBench(t, { limits: { maxInFlight: 1 } });
    let page: ErrorPage | undefined;
    const blocked = Promise.withResolvers<Outcome>();
    const first = serve(bench.edge, messageOf({}), {
      body: undefined,
      extraHeaders: [],
      attempt: () => blocked.promise,
      refuse: () => assert.fail('the first request has room'),
    });
    await serve(bench.edge, messageOf({}), {
      body: undefined,
      extraHeaders: [],
      attempt: () => assert.fail('the second request has no room'),
      refuse: (answer) => {
        page = answer;
      },
    });
    assert.equal(page?.status, 503);
    assert.equal(headerValue(page.headers, 'retry-after'), '1');
    blocked.resolve(ok);
    await first;
    assert.equal((await bench.ask({}, ok)).record.status, 200);
  });

  it('hears that no upstream takes requests when all are switched off', async (t) => {
    const bench = createBench(t);
    const balancer = bench.edge.snapshot().services.get('items')?.balancer;
    for (const upstream of balancer?.upstreams ?? []) upstream.isDisabled = true;
    balancer?.refresh();
    const { page, record } = await bench.ask({});
    assert.equal(page?.status, 503);
    assert.equal(record.failure?.kind, 'no-upstream');
    assert.equal(record.endedAt, 'acquire');
  });
});

describe('an attempt that fails', () => {
  it('is followed by one with another upstream', async (t) => {
    const { attempts, record, page } = await createBench(t).ask({}, failed('connect-failed'), ok);
    assert.equal(new Set(attempts).size, 2);
    assert.equal(record.attempts, 2);
    assert.equal(record.status, 200);
    assert.equal(record.failure, undefined);
    assert.equal(page, undefined);
  });

  it('ends in an error page when every upstream refuses', async (t) => {
    const { attempts, page, record } = await createBench(t).ask({}, failed('connect-failed'));
    assert.deepEqual([...attempts].sort(), UPSTREAMS);
    assert.equal(page?.status, 503);
    assert.equal(record.failure?.kind, 'connect-failed');
  });

  it('is repeated on a single upstream, as often as retries say', async (t) => {
    const sent = failed('upstream-reset', { wasAnythingSent: true });
    const { attempts, page } = await createBench(t).ask({ url: '/single' }, sent);
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
    it(`is not repeated for ${name}`, async (t) => {
      const { attempts, page } = await createBench(t).ask(asked, outcome);
      assert.equal(attempts.length, 1);
      assert.equal(page?.status, status);
    });
  }

  it('is not repeated when the service allows no retries', async (t) => {
    const services = {
      items: { upstreams: UPSTREAMS.map((url) => ({ url })), retries: 0 },
    };
    const bench = createBench(t, { services, routes: [{ service: 'items' }] });
    const sent = failed('upstream-reset', { wasAnythingSent: true });
    assert.equal((await bench.ask({}, sent)).attempts.length, 1);
  });

  it('gets no error page once the answer has begun, or the client has gone', async (t) => {
    const bench = createBench(t);
    const truncated = failed('truncated', { hasResponseStarted: true, wasAnythingSent: true });
    for (const outcome of [truncated, failed('client-gone', { wasAnythingSent: true })]) {
      const { page, record, attempts } = await bench.ask({}, outcome);
      assert.equal(attempts.length, 1);
      assert.equal(page, undefined);
      assert.equal(record.failure?.kind, outcome.kind);
    }
  });

  it('counts against the upstream only when it is the one to blame', async (t) => {
    const bench = createBench(t);
    const failures = () => {
      const service = bench.edge.snapshot().services.get('single');
      return service?.balancer.upstreams[0]?.failures;
    };
    await bench.ask({ url: '/single' }, failed('client-gone'));
    assert.equal(failures(), 0);
    await bench.ask({ url: '/single' }, { kind: 'answered', status: 404 });
    assert.equal(failures(), 0);
    await bench.ask({ url: '/single' }, { kind: 'answered', status: 500 });
    assert.equal(failures(), 1);
    await bench.ask({ url: '/single' }, failed('idle-timeout', { hasResponseStarted: true }));
    assert.equal(failures(), 2);
  });
});

describe('a fault inside the edge', () => {
  it('becomes a 500, is reported, and holds no upstream', async (t) => {
    const fault = new Error('a bug');
    const { page, record } = await createBench(t).ask({}, fault);
    assert.equal(page?.status, 500);
    assert.equal(record.error, fault);
    assert.doesNotMatch(page.body, /a bug/);
  });
});
