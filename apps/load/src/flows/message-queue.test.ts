import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { RequestFailure } from '../failure.ts';
import { MessageQueue } from './message-queue.ts';
import { RecorderLog } from './recorder-log.test-support.ts';

const options = { what: 'a message', timeoutMs: 10_000 };

describe('a queue of messages', () => {
  it('gives every message once and in order, whoever comes first', async () => {
    const steps = fc.array(fc.boolean(), { maxLength: 100 });
    await fc.assert(
      fc.asyncProperty(steps, async (arrivals) => {
        const queue = new MessageQueue<number>();
        const received: Promise<number>[] = [];
        let sent = 0;
        for (const isArrival of arrivals) {
          if (isArrival) queue.push(sent++, 1);
          else received.push(queue.next(options));
        }
        while (sent < received.length) queue.push(sent++, 1);
        assert.deepEqual(await Promise.all(received), [...received.keys()]);
      }),
    );
  });

  it('gives a message to the first who accepts it', async () => {
    const queue = new MessageQueue<number>();
    const even = queue.next({ ...options, accept: (message) => message % 2 === 0 });
    const any = queue.next(options);
    queue.push(1, 1);
    queue.push(2, 1);
    assert.deepEqual(await Promise.all([even, any]), [2, 1]);
  });

  it('fails those whose accept throws, and gives the message to the next', async () => {
    const queue = new MessageQueue<string>();
    const accept = (): boolean => {
      throw new Error('of itself');
    };
    const broken = queue.next({ ...options, accept });
    const next = queue.next(options);
    queue.push('a', 1);
    await assert.rejects(broken, { kind: 'exception', message: /accept threw Error: of itself/ });
    assert.equal(await next, 'a');
  });

  it('keeps what waits from those who want what arrives', async () => {
    const queue = new MessageQueue<string>();
    queue.push('before', 1);
    const arrival = queue.nextArrival(options);
    queue.push('after', 1);
    assert.equal(await arrival, 'after');
    assert.equal(await queue.next(options), 'before');
  });

  it('ends when too many messages wait, or too large ones', async () => {
    const many = new MessageQueue<number>();
    for (let i = 0; i < 1_000; i++) assert.ok(many.push(i, 1));
    assert.equal(many.push(1_000, 1), false);
    assert.equal(many.end?.kind, 'protocol');
    assert.match(many.end?.message ?? '', /more than 1000 messages or 16 MiB wait/);
    const large = new MessageQueue<string>();
    assert.ok(large.push('', 16 * 1024 * 1024));
    await large.next(options);
    assert.ok(large.push('', 16 * 1024 * 1024));
    assert.equal(large.push('', 1), false);
  });

  it('gives what has arrived even after its end, and the reason then', async () => {
    const queue = new MessageQueue<string>();
    const waiting = queue.nextArrival(options);
    queue.push('a', 1);
    queue.push('b', 1);
    queue.fail(new RequestFailure('reset', 'gone'));
    queue.fail(new RequestFailure('cut', 'later'));
    assert.equal(await waiting, 'a');
    assert.equal(await queue.next(options), 'b');
    await assert.rejects(queue.next(options), { kind: 'reset', message: 'gone' });
    await assert.rejects(queue.nextArrival(options), { kind: 'reset' });
  });

  it('loses those who have waited too long', async () => {
    const queue = new MessageQueue<string>();
    const late = queue.next({ what: 'a message', timeoutMs: 5 });
    await assert.rejects(late, { kind: 'timeout', message: 'a message did not come within 5 ms' });
    queue.push('a', 1);
    assert.equal(await queue.next(options), 'a');
  });

  it('measures who wants to be', async () => {
    const recorder = new RecorderLog();
    const step = { recorder, series: recorder.series('step', 'step'), status: 'message' } as const;
    const queue = new MessageQueue<string>();
    const [first, second] = [queue.next({ ...options, step }), queue.next({ ...options, step })];
    assert.equal(recorder.open, 2);
    queue.push('a', 1);
    assert.deepEqual(recorder.lines, ['step message']);
    queue.fail(new RequestFailure('reset', 'gone'));
    await first;
    await assert.rejects(second);
    assert.deepEqual(recorder.lines, ['step message', 'step reset']);
  });
});
