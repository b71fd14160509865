import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FieldLines } from '@headgate/http1';
import { createBench, get } from './client-connection.test-support.ts';

const REQUESTS = 100;
/** All answers together are more than the buffers of two sockets hold. */
const BODY = Buffer.alloc(256 * 1024, 'x');
const DEADLINE_MS = 20_000;

test('requests sent ahead wait while their client takes no answers, and are served when it does', async (t) => {
  const { far, served, send } = await createBench(t, { pipelinedBytes: 65_536 });
  let answered = 0;
  /** As what is in memory is answered: at once, whether or not the client is ready for it. */
  const answerAll = () => {
    for (let next = served[answered]; next; next = served[answered]) {
      answered++;
      const { carrier } = next;
      carrier.begin(200, 'OK', BODY.length, '' as FieldLines, undefined);
      carrier.answer(BODY, 0, BODY.length);
      carrier.flush();
      carrier.finished();
    }
  };
  far.pause();
  const targets = Array.from({ length: REQUESTS }, (_, i) => `/${i}`);
  await send(targets.map(get).join(''));
  answerAll();
  assert.ok(answered > 0);
  assert.ok(answered < REQUESTS, 'all answers are in memory, though nobody takes them');

  far.resume();
  const untilMs = performance.now() + DEADLINE_MS;
  while (answered < REQUESTS && performance.now() < untilMs) {
    await sleep(5);
    answerAll();
  }
  assert.deepEqual(
    served.map(({ target }) => target),
    targets,
  );
});
