import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import type { Context } from 'hono';
import { limit } from './limit.ts';
import { quietOrigin, until } from './origin.test-support.ts';
import type { OriginEnv } from './request-scope.ts';
import { createOriginServer } from './serve-origin.ts';

/** How handlers answer. */
const behaviours = [
  'at-once',
  'later',
  'with-nothing',
  'not-modified',
  'throws',
  'rejects',
  'throws-no-error',
  'streams',
  'breaks-off',
  'waits-for-its-end',
  'past-its-deadline',
  'with-a-bad-field',
  'with-a-bad-field-later',
  'asks-the-app',
  'in-its-turn',
  'reads-its-body',
  'nowhere',
] as const;
type Behaviour = (typeof behaviours)[number];

interface Asked {
  readonly behaviour: Behaviour;
  readonly isHead: boolean;
}

/** Requests of one connection, sent at once; then its client waits for all answers, or leaves. */
interface Visit {
  readonly asked: readonly Asked[];
  readonly leaving: 'stays' | 'resets' | 'closes' | 'closes-its-half';
  /** Until it leaves. */
  readonly afterMs: number;
  /** Sends the last request but for its last byte. */
  readonly isCutShort: boolean;
}

const asked: fc.Arbitrary<Asked> = fc.record({
  behaviour: fc.constantFrom(...behaviours),
  isHead: fc.boolean(),
});
const visit: fc.Arbitrary<Visit> = fc
  .record({
    asked: fc.array(asked, { minLength: 1, maxLength: 4 }),
    leaving: fc.constantFrom('stays', 'stays', 'resets', 'closes', 'closes-its-half'),
    afterMs: fc.integer({ min: 0, max: 12 }),
    isCutShort: fc.boolean(),
  })
  // Who waits for an answer that waits for its end waits for good.
  .filter(
    ({ asked, leaving }) =>
      leaving !== 'stays' || asked.every(({ behaviour }) => behaviour !== 'waits-for-its-end'),
  );

/** What is known of a request that came to the app. */
interface Known {
  readonly behaviour: string;
  readonly signal: AbortSignal;
  tasks: number;
}

interface Line {
  readonly id: string;
  readonly status: number;
  readonly outcome: string;
}

async function startModel() {
  const known = new Map<string, Known>();
  const lines: Line[] = [];
  const accessLog = { write: (line: string) => lines.push(JSON.parse(line) as Line) };
  const { app } = quietOrigin({ accessLog });
  const aborted = ({ signal }: { signal: AbortSignal }) =>
    new Promise<void>((resolve) => {
      if (signal.aborted) resolve();
      else signal.addEventListener('abort', () => resolve(), { once: true });
    });

  app.use(async ({ env: { scope }, req }, next) => {
    const each: Known = { behaviour: req.path.slice(1), signal: scope.signal, tasks: 0 };
    assert.equal(known.has(scope.requestId), false, 'a request comes once');
    known.set(scope.requestId, each);
    scope.background('model', async () => {
      each.tasks += 1;
    });
    await next();
  });
  const answers: Record<
    Exclude<Behaviour, 'nowhere' | 'in-its-turn'>,
    (c: Context<OriginEnv>) => Response | Promise<Response>
  > = {
    'at-once': (c) => c.text('at once'),
    later: async (c) => {
      await sleep(2);
      return c.text('later');
    },
    'with-nothing': (c) => c.body(null, 204),
    'not-modified': (c) => c.body(null, 304),
    throws: () => {
      throw new Error('thrown');
    },
    rejects: async () => {
      await sleep(1);
      throw new Error('rejected');
    },
    'throws-no-error': () => {
      throw 'no error';
    },
    streams: (c) => {
      let left = 3;
      return c.body(
        new ReadableStream({
          async pull(controller) {
            await sleep(1);
            if (left-- > 0) controller.enqueue(Buffer.alloc(70_000));
            else controller.close();
          },
        }),
      );
    },
    'breaks-off': (c) => {
      let isBegun = false;
      return c.body(
        new ReadableStream({
          async pull(controller) {
            await sleep(2);
            if (isBegun) c.env.outgoing?.destroy(new Error('broken off'));
            else controller.enqueue(Buffer.alloc(9));
            isBegun = true;
          },
        }),
      );
    },
    'waits-for-its-end': async ({ env: { scope } }) => {
      scope.deadline.raise(Number.POSITIVE_INFINITY);
      await aborted(scope);
      throw scope.signal.reason;
    },
    'past-its-deadline': async ({ env: { scope } }) => {
      scope.deadline.raise(3);
      await aborted(scope);
      throw scope.signal.reason;
    },
    'with-a-bad-field': () => new Response('bad', { headers: { 'x-name': 'a\r\nb: c' } }),
    'with-a-bad-field-later': async () => {
      await sleep(1);
      return new Response('bad', { headers: { 'x-name': '→' } });
    },
    'asks-the-app': async ({ env, req }) => {
      const headers = { 'x-request-id': `${env.scope.requestId}-inner` };
      const answer = await app.fetch(new Request(new URL('/later', req.url), { headers }), env);
      return new Response(await answer.text());
    },
    'reads-its-body': async (c) => c.text(await c.req.text()),
  };
  for (const [name, answer] of Object.entries(answers)) app.all(`/${name}`, answer);
  app.all('/in-its-turn', limit({ maxInFlight: 1, maxQueue: 3 }), answers.later);

  const { server, connections, close, cut } = createOriginServer(app, { lingerMs: 0 });
  let accepted = 0;
  server.on('connection', () => {
    accepted += 1;
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    app,
    known,
    lines,
    port: (server.address() as AddressInfo).port,
    /** Whether all has come of `visits` connections that will ever come. */
    hasSeen: (visits: number) => accepted === visits && connections.count === 0,
    close,
    cut,
  };
}

type Model = Awaited<ReturnType<typeof startModel>>;

/** The whole of a request as text. */
function textOf({ behaviour, isHead }: Asked, id: string): string {
  const hasBody = behaviour === 'reads-its-body';
  const method = hasBody ? 'POST' : isHead ? 'HEAD' : 'GET';
  const start = `${method} /${behaviour} HTTP/1.1\r\nhost: model\r\nx-request-id: ${id}\r\n`;
  return hasBody ? `${start}content-length: 4\r\n\r\nbody` : `${start}\r\n`;
}

function isOver({ lines }: Model, socket: Socket, ids: readonly string[]): boolean {
  return socket.destroyed || ids.every((id) => lines.some((line) => line.id === id));
}

async function pay(model: Model, { asked, leaving, afterMs, isCutShort }: Visit, ids: string[]) {
  const socket = connect(model.port, '127.0.0.1');
  socket.on('error', () => {}).resume();
  await once(socket, 'connect');
  const text = asked.map((each, i) => textOf(each, ids[i] as string)).join('');
  const mayCut = isCutShort && leaving !== 'stays';
  socket.write(mayCut ? text.slice(0, -1) : text);
  if (leaving === 'stays') {
    await until(() => isOver(model, socket, ids), `the answers to ${JSON.stringify(asked)}`);
  } else {
    await sleep(afterMs);
    if (leaving === 'resets') socket.resetAndDestroy();
    // The kit cuts it off then, whatever it was that it asked for.
    if (leaving === 'closes-its-half') {
      socket.end();
      await until(
        () => socket.destroyed,
        'the end of a connection that its client has half closed',
      );
    }
  }
  socket.destroy();
}

function requestsCounted({ app }: Model): number {
  const family = app.registry.read().find(({ name }) => name === 'origin_requests_total');
  if (family?.type !== 'counter') throw new Error('nobody counts requests');
  return family.series.reduce((sum, { value }) => sum + value, 0);
}

/** What the log has to say of a request that nobody has left. */
const answered: Partial<Record<string, readonly [status: number, outcome: string]>> = {
  'at-once': [200, 'answered'],
  later: [200, 'answered'],
  'with-nothing': [204, 'answered'],
  'not-modified': [304, 'answered'],
  throws: [500, 'internal'],
  rejects: [500, 'internal'],
  'throws-no-error': [500, 'internal'],
  streams: [200, 'answered'],
  'past-its-deadline': [504, 'timeout'],
  'with-a-bad-field': [500, 'internal'],
  'with-a-bad-field-later': [500, 'internal'],
  'asks-the-app': [200, 'answered'],
  'reads-its-body': [200, 'answered'],
  nowhere: [404, 'not-found'],
};

test('whatever handlers and clients do, each request ends once, is told once, and leaves nothing', async (t) => {
  const model = await startModel();
  t.after(() => {
    model.cut();
    return model.close();
  });
  const { app, known, lines } = model;
  let visits = 0;

  const property = fc.asyncProperty(
    fc.array(visit, { minLength: 1, maxLength: 5 }),
    async (all) => {
      known.clear();
      lines.length = 0;
      const endedBefore = app.lifecycle.ended;
      const countedBefore = requestsCounted(model);
      const paid = all.map((each) => {
        visits += 1;
        return { each, ids: each.asked.map((_, i) => `visit-${visits}-${i}`) };
      });
      await Promise.all(paid.map(({ each, ids }) => pay(model, each, ids)));
      await until(() => model.hasSeen(visits), 'the end of all connections');
      await until(() => app.lifecycle.inFlight === 0, 'the end of all requests');
      await until(() => [...known.values()].every(({ tasks }) => tasks > 0), 'the tasks');

      const told = lines.map(({ id }) => id);
      assert.deepEqual(told.toSorted(), [...known.keys()].sort(), 'a line for each request');
      assert.equal(app.lifecycle.ended - endedBefore, known.size, 'each has ended once');
      assert.equal(requestsCounted(model) - countedBefore, known.size, 'each was counted once');
      for (const { id, outcome } of lines) {
        const { behaviour, signal, tasks } = known.get(id) as Known;
        const hasToAbort = ['client-gone', 'broken-off', 'timeout'].includes(outcome);
        assert.equal(signal.aborted, hasToAbort, `the signal of ${behaviour}, ${outcome}`);
        assert.equal(tasks, 1, `the tasks of ${behaviour}`);
        if (outcome === 'broken-off') assert.equal(behaviour, 'breaks-off');
      }
      for (const { each, ids } of paid) {
        const isCut = each.asked.some(
          ({ behaviour, isHead }) => behaviour === 'breaks-off' && !isHead,
        );
        if (each.leaving !== 'stays' || isCut) continue;
        for (const [i, id] of ids.entries()) {
          const { behaviour } = each.asked[i] as Asked;
          const line = lines.find((line) => line.id === id);
          const expected = answered[behaviour];
          if (expected) assert.deepEqual([line?.status, line?.outcome], expected, behaviour);
        }
      }
      assert.equal((await app.request('/in-its-turn')).status, 200, 'the place is free again');
    },
  );
  await fc.assert(property, {
    numRuns: 100,
    interruptAfterTimeLimit: 60_000,
    markInterruptAsFailure: true,
  });
});
