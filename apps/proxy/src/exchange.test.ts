import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Connections } from './connections.ts';
import type { Outcome } from './errors.ts';
import {
  createBench,
  createConnected,
  FakeClient,
  type FakeConnection,
  facts,
  HALF,
  OK,
  orderOf,
  TIMEOUTS,
} from './exchange.test-support.ts';
import { Attempt, type PreparedRequest } from './exchange.ts';

describe('an attempt', () => {
  it('sends the request, passes the answer on, and gives the connection back', () => {
    const { connection, client, only } = createConnected();
    assert.equal(connection.sent, 'GET / HTTP/1.1\r\nhost: a\r\nheadgate-deadline-ms: 7\r\n\r\n');
    assert.equal(connection.deadlineMs, TIMEOUTS.firstByteMs);
    connection.receive('HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nha');
    assert.equal(connection.deadlineMs, TIMEOUTS.idleMs);
    connection.receive('lf');
    assert.deepEqual(client.told, ['head 200', 'ha', 'lf', 'end']);
    assert.deepEqual(only(), { kind: 'answered', status: 200 });
    assert.deepEqual([connection.isFree, connection.isDestroyed], [true, false]);
  });

  it('settles before `start` returns when a connection fails at once', () => {
    const outcomes: Outcome[] = [];
    const connections = {
      take: (taker: Attempt) => taker.notConnected('connect-failed', new Error('ECONNREFUSED')),
      forget() {},
    } as unknown as Connections;
    const request = { method: 'GET', target: '/', lines: '', framing: 'none' };
    const attempt = new Attempt(
      orderOf(request as PreparedRequest, connections),
      new FakeClient(),
      {
        answered: () => assert.fail('there is no answer'),
        settled: (outcome) => outcomes.push(outcome),
      },
    );
    attempt.start();
    assert.equal(outcomes[0]?.kind, 'connect-failed');
    assert.match((outcomes[0] as { detail: string }).detail, /ECONNREFUSED/);
  });

  it('says what the upstream has to do, as soon as the head of its answer is there', () => {
    const { connection, answers } = createConnected();
    connection.receive('HTTP/1.1 503 Busy\r\nHeadgate-Load: 12\r\nContent-Length: 4\r\n\r\n');
    assert.deepEqual(answers.heard, [[503, '12']]);
  });

  it('ends without a word to the client when nobody wants its answer', () => {
    const { connection, client, answers, only } = createConnected();
    answers.areWanted = false;
    connection.receive('HTTP/1.1 503 Busy\r\nContent-Length: 4\r\n\r\nbusy');
    assert.deepEqual(client.told, []);
    const expected = { kind: 'upstream-status', hasResponseStarted: false, wasAnythingSent: true };
    assert.deepEqual(facts(only()), expected);
    assert.equal(connection.isDestroyed, true);
  });

  it('does not keep a connection that the upstream will close', () => {
    const { connection, only } = createConnected();
    connection.receive('HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 0\r\n\r\n');
    assert.equal(only().kind, 'answered');
    assert.deepEqual([connection.isFree, connection.isDestroyed], [false, true]);
  });

  it('takes the end of the connection for that of an answer without another', () => {
    const { connection, client, only } = createConnected();
    connection.receive('HTTP/1.1 200 OK\r\n\r\nuntil the ');
    connection.receive('end');
    connection.end();
    assert.deepEqual(client.told, ['head 200', 'until the ', 'end', 'end']);
    assert.equal(only().kind, 'answered');
    assert.deepEqual([connection.isFree, connection.isDestroyed], [false, true]);
  });

  it('passes trailers on, without those that end here', () => {
    const { connection, client } = createConnected();
    connection.receive('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n');
    connection.receive('0\r\nX-Sum: 1\r\n\r\n');
    assert.deepEqual(client.told, ['head 200', 'ok', 'end X-Sum: 1']);
  });

  it('that is cancelled while it waits for a connection forgets it', () => {
    const { attempt, pool, only } = createBench();
    attempt.cancel('client-gone', 'gone');
    assert.equal(pool.forgotten, 1);
    const { kind, hasResponseStarted, wasAnythingSent } = facts(only());
    assert.deepEqual([kind, hasResponseStarted, wasAnythingSent], ['client-gone', false, false]);
  });

  it('that is cancelled under way closes its connection', () => {
    const { attempt, connection, client, only } = createConnected();
    attempt.cancel('total-timeout', 'too long');
    assert.equal(connection.isDestroyed, true);
    assert.deepEqual(client.told, [], 'an error page may still be written');
    assert.deepEqual(facts(only()), {
      kind: 'total-timeout',
      hasResponseStarted: false,
      wasAnythingSent: true,
    });
  });

  it('that is cancelled in the middle of its answer breaks it off', () => {
    const { attempt, connection, client, only } = createConnected();
    connection.receive(HALF);
    attempt.cancel('total-timeout', 'too long');
    assert.deepEqual(client.told, ['head 200', 'half', 'broken off']);
    assert.equal(facts(only()).hasResponseStarted, true);
  });
});

describe('interim answers', () => {
  it('are passed on, except that to go on', () => {
    const { connection, client, only } = createConnected();
    connection.receive('HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\n\r\n');
    assert.equal(connection.deadlineMs, TIMEOUTS.firstByteMs, 'the answer is still waited for');
    connection.receive(OK);
    assert.deepEqual(client.told, ['interim 103', 'head 200', 'ok', 'end']);
    assert.equal(only().kind, 'answered');
  });

  it('are no answer when there is no end of them', () => {
    const { connection, client, only } = createConnected();
    connection.receive('HTTP/1.1 103 Early Hints\r\n\r\n'.repeat(32));
    assert.equal(client.told.length, 32);
    assert.equal(connection.isDestroyed, false);
    connection.receive('HTTP/1.1 103 Early Hints\r\n\r\n');
    assert.equal(client.told.length, 32);
    assert.equal(connection.isDestroyed, true);
    assert.deepEqual(facts(only()), {
      kind: 'upstream-invalid',
      hasResponseStarted: false,
      wasAnythingSent: true,
    });
  });

  it('may not change protocols', () => {
    const { connection, client, only } = createConnected();
    connection.receive(`HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n${OK}`);
    assert.deepEqual(client.told, []);
    assert.equal(connection.isDestroyed, true);
    assert.equal(only().kind, 'upstream-invalid');
  });
});

function beginAndBreak(connection: FakeConnection): void {
  connection.receive('HTTP/1.1 2');
  connection.break();
}

describe('an upstream that fails', () => {
  const begun = 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n';
  const cases: [what: string, act: (connection: FakeConnection) => void, kind: string][] = [
    ['closes without an answer', (it) => it.break(), 'upstream-reset'],
    ['sends nothing and no more', (it) => it.end(), 'upstream-reset'],
    ['is silent', (it) => it.expire(), 'first-byte-timeout'],
    ['speaks no HTTP', (it) => it.receive('SMTP\r\n\r\n'), 'upstream-invalid'],
  ];
  for (const [what, act, kind] of cases) {
    it(`because it ${what} ends the attempt as ${kind}`, () => {
      const { connection, client, only } = createConnected();
      act(connection);
      assert.deepEqual(facts(only()), { kind, hasResponseStarted: false, wasAnythingSent: true });
      assert.deepEqual(client.told, []);
      assert.equal(connection.isDestroyed, true);
    });
  }

  const later: typeof cases = [
    ['closes', (it) => it.break(), 'truncated'],
    ['sends no more', (it) => it.end(), 'truncated'],
    ['falls silent', (it) => it.expire(), 'idle-timeout'],
    ['turns to nonsense', (it) => it.receive('nonsense\r\n'), 'truncated'],
  ];
  for (const [what, act, kind] of later) {
    it(`because it ${what} in the middle of its answer ends it as ${kind}, and visibly`, () => {
      const { connection, client, only } = createConnected();
      connection.receive(begun);
      act(connection);
      assert.deepEqual(facts(only()), { kind, hasResponseStarted: true, wasAnythingSent: true });
      assert.deepEqual(client.told, ['head 200', 'ok', 'broken off']);
      assert.equal(connection.isDestroyed, true);
    });
  }

  it('on a kept connection takes the other kept ones with it', () => {
    const { connection, pool, connect } = createBench();
    connection.isReused = true;
    connect();
    connection.break();
    assert.equal(pool.dropped, 1);
  });

  const kept: [what: string, isReused: boolean, act: (connection: FakeConnection) => void][] = [
    ['on a new connection', false, (it) => it.break()],
    ['that had begun to answer', true, beginAndBreak],
    ['by being too slow', true, (it) => it.expire()],
  ];
  for (const [what, isReused, act] of kept) {
    it(`${what} leaves the kept ones alone`, () => {
      const { connection, pool, connect, only } = createBench();
      connection.isReused = isReused;
      connect();
      act(connection);
      assert.notEqual(only().kind, 'answered');
      assert.equal(pool.dropped, 0);
    });
  }
});
