/** What flows through an attempt: uploads, backpressure, and events in every order. */
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FieldLines } from '@headgate/http1';
import fc from 'fast-check';
import type { Outcome } from './errors.ts';
import {
  createBench,
  createConnected,
  FakeBody,
  facts,
  HALF,
  OK,
  TIMEOUTS,
} from './exchange.test-support.ts';

describe('an upload', () => {
  it('follows the head as it comes, and the answer is waited for from its end', () => {
    const body = new FakeBody();
    const { connection, only } = createConnected({ body });
    assert.equal(
      connection.sent,
      'PUT / HTTP/1.1\r\nhost: a\r\nheadgate-deadline-ms: 7\r\ncontent-length: 4\r\n\r\n',
    );
    assert.equal(connection.deadlineMs, undefined, 'it is the client that is waited for');
    body.come('up');
    body.come('ld');
    assert.match(connection.sent, /\r\n\r\nupld$/);
    assert.equal(connection.deadlineMs, undefined);
    body.end();
    assert.equal(connection.deadlineMs, TIMEOUTS.firstByteMs);
    connection.receive(OK);
    assert.equal(connection.isFree, true);
    assert.equal(only().kind, 'answered');
    assert.equal(body.isAbandoned, false);
  });

  it('in chunks is framed anew, with its trailers', () => {
    const body = new FakeBody();
    const { connection } = createConnected({ body, framing: 'chunked' });
    body.come('seventeen letters');
    body.end('X-Sum: 1\r\n' as FieldLines);
    const [, sent] = connection.sent.split('\r\n\r\n11\r\n');
    assert.equal(sent, 'seventeen letters\r\n0\r\nX-Sum: 1\r\n\r\n');
  });

  it('waits while the upstream takes nothing, and no longer than the idle time', () => {
    const body = new FakeBody();
    const { connection, only } = createConnected({ body });
    connection.isFull = true;
    body.come('up');
    assert.equal(body.isPaused, true);
    assert.equal(connection.deadlineMs, TIMEOUTS.idleMs);
    connection.drain();
    assert.equal(body.isPaused, false);
    assert.equal(connection.deadlineMs, undefined);
    connection.isFull = true;
    body.come('lo');
    connection.expire();
    assert.equal(only().kind, 'first-byte-timeout');
    assert.equal(body.isAbandoned, true);
  });

  it('whose last bytes the upstream takes late is answered no later for that', () => {
    const body = new FakeBody();
    const { connection } = createConnected({ body });
    connection.isFull = true;
    body.end();
    assert.equal(connection.deadlineMs, TIMEOUTS.firstByteMs);
    connection.drain();
    assert.equal(connection.deadlineMs, TIMEOUTS.firstByteMs);
  });

  it('that is answered early is abandoned, and its connection not used again', () => {
    const body = new FakeBody();
    const { connection, client, only } = createConnected({ body });
    body.come('up');
    connection.receive(OK);
    assert.equal(body.isAbandoned, true);
    assert.deepEqual(client.told, ['head 200', 'ok', 'end']);
    assert.deepEqual(only(), { kind: 'answered', status: 200 });
    assert.deepEqual([connection.isFree, connection.isDestroyed], [false, true]);
  });

  it('may be complete before an answer that had begun early is', () => {
    const body = new FakeBody();
    const { connection, only } = createConnected({ body });
    connection.receive(HALF);
    assert.equal(connection.deadlineMs, undefined, 'the upstream may be waiting for the rest');
    body.end();
    assert.equal(connection.deadlineMs, TIMEOUTS.idleMs);
    connection.receive('12345');
    assert.equal(only().kind, 'answered');
    assert.equal(connection.isFree, true);
  });

  it('is not begun when no connection is had, so that another attempt may send it', () => {
    const body = new FakeBody();
    const { attempt, only } = createBench({ body });
    attempt.notConnected('connect-timeout', undefined);
    assert.deepEqual(facts(only()), {
      kind: 'connect-timeout',
      hasResponseStarted: false,
      wasAnythingSent: false,
    });
    assert.deepEqual([body.isStarted, body.isAbandoned], [false, false]);
  });

  it('that was begun is abandoned when its attempt fails', () => {
    const body = new FakeBody();
    const { connection } = createConnected({ body });
    connection.break();
    assert.equal(body.isAbandoned, true);
  });
});

describe('a client that is behind', () => {
  it('pauses the upstream, which is not waited for, until it has caught up', () => {
    const { attempt, connection, client, only } = createConnected();
    client.isBehind = true;
    connection.receive(HALF);
    assert.equal(connection.isPaused, true);
    assert.equal(connection.deadlineMs, undefined);
    client.isBehind = false;
    attempt.caughtUp();
    assert.equal(connection.isPaused, false);
    assert.equal(connection.deadlineMs, TIMEOUTS.idleMs);
    connection.receive('12345');
    assert.equal(only().kind, 'answered');
  });

  it('does not bring the deadline of the upstream back by ending its upload', () => {
    const body = new FakeBody();
    const { connection, client } = createConnected({ body });
    client.isBehind = true;
    connection.receive(HALF);
    body.end();
    assert.equal(connection.deadlineMs, undefined);
  });

  it('and was not changes nothing', () => {
    const { attempt, connection } = createConnected();
    attempt.caughtUp();
    assert.equal(connection.deadlineMs, TIMEOUTS.firstByteMs);
  });

  it('gets an answer that came in one piece all the same', () => {
    const { connection, client, only } = createConnected();
    client.isBehind = true;
    connection.receive(OK);
    assert.equal(client.flushes, 1);
    assert.equal(only().kind, 'answered');
    assert.equal(connection.isPaused, false, 'the next attempt would wait for ever');
  });
});

describe('whatever happens in whatever order', () => {
  const acts = {
    connect: ({ connect }: Bench) => connect(),
    refuse: ({ attempt }: Bench) => attempt.notConnected('connect-failed', undefined),
    cancel: ({ attempt }: Bench) => attempt.cancel('client-gone', 'gone'),
    caughtUp: ({ attempt, client }: Bench) => {
      client.isBehind = false;
      attempt.caughtUp();
    },
    fallBehind: ({ client }: Bench) => {
      client.isBehind = true;
    },
    upload: ({ body }: Bench) => body?.come('up'),
    endUpload: ({ body }: Bench) => body?.end(),
    fill: ({ connection }: Bench) => {
      connection.isFull = true;
    },
    drain: ({ connection }: Bench) => connection.drain(),
    interim: ({ connection }: Bench) => connection.receive('HTTP/1.1 103 Hints\r\n\r\n'),
    answer: ({ connection }: Bench) => connection.receive(OK),
    half: ({ connection }: Bench) => connection.receive(HALF),
    nonsense: ({ connection }: Bench) => connection.receive('\0'),
    expire: ({ connection }: Bench) => connection.expire(),
    end: ({ connection }: Bench) => connection.end(),
    break: ({ connection }: Bench) => connection.break(),
  };
  type Act = keyof typeof acts;
  type Bench = ReturnType<typeof createBench> & { body: FakeBody | undefined };

  it('an attempt settles once, and nothing is told or kept after that', () => {
    const names = Object.keys(acts) as Act[];
    const script = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 12 });
    fc.assert(
      fc.property(fc.boolean(), fc.boolean(), script, (hasBody, isReused, steps) => {
        const body = hasBody ? new FakeBody() : undefined;
        const bench: Bench = { ...createBench(body ? { body } : {}), body };
        const { connection, client, outcomes, pool } = bench;
        connection.isReused = isReused;
        let isTold = false;
        let isConnected = false;
        for (const step of [...steps, 'break' as const, 'cancel' as const]) {
          const isSettled = outcomes.length > 0;
          if (step === 'connect' || step === 'refuse') {
            // Told once, and not at all when it was forgotten.
            if (isTold || isSettled) continue;
            isTold = true;
            isConnected = step === 'connect';
          }
          const told = client.told.length;
          acts[step](bench);
          if (isSettled) assert.equal(client.told.length, told, `${step} after the end`);
        }
        assert.equal(outcomes.length, 1);
        const [outcome] = outcomes as [Outcome];
        if (outcome.kind !== 'answered') {
          assert.equal(connection.isFree, false);
          assert.equal(outcome.hasResponseStarted, client.told.includes('head 200'));
          assert.equal(outcome.hasResponseStarted, client.told.includes('broken off'));
          assert.equal(outcome.wasAnythingSent, isConnected);
        }
        if (body?.isStarted && outcome.kind !== 'answered') assert.ok(body.isAbandoned);
        if (!isTold) assert.equal(pool.forgotten, 1);
      }),
      { numRuns: 500 },
    );
  });
});

describe('an upload while the client is behind', () => {
  it('a client that catches up in the middle of its upload does not set the upstream a deadline', () => {
    const body = new FakeBody();
    const { attempt, connection, client } = createConnected({ body });
    client.isBehind = true;
    connection.receive(HALF);
    client.isBehind = false;
    attempt.caughtUp();
    assert.equal(connection.isPaused, false);
    assert.equal(connection.deadlineMs, undefined, 'the upstream may be waiting for the rest');
  });

  it('an upstream that stops taking the upload because the client is behind has no deadline', () => {
    const body = new FakeBody();
    const { connection, client } = createConnected({ body });
    client.isBehind = true;
    connection.receive(HALF);
    connection.isFull = true;
    body.come('up');
    assert.equal(body.isPaused, true);
    assert.equal(connection.deadlineMs, undefined, 'it is the client that is waited for');
  });
});
