import assert from 'node:assert/strict';
import type { ServerResponse } from 'node:http';
import { createServer as createHttp2Server } from 'node:http2';
import { describe, it, type TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { StreamOptions } from '../scenario.ts';
import { connectTo, listen, serve } from './client.test-support.ts';
import type { HttpClientOptions } from './http-client.ts';

const EVENTS = { 'content-type': 'text/event-stream; charset=utf-8' };

/** A server that writes events, and a function that listens to it. */
async function open(
  t: TestContext,
  write: (response: ServerResponse) => void,
  options: Partial<HttpClientOptions> = {},
) {
  const requests: string[] = [];
  const target = await serve(t, ({ url, headers }, response) => {
    requests.push(`${url} ${headers.accept} ${headers['x-a']}`);
    response.writeHead(200, EVENTS).flushHeaders();
    write(response);
  });
  const connected = connectTo(t, target, options);
  const events = (path = '/ticks', streamOptions?: StreamOptions) =>
    connected.client.openEvents({ intendedMs: performance.now() }, path, streamOptions);
  return { ...connected, requests, events };
}

describe('events', () => {
  it('are listened to as a step, with the headers of the flow', async (t) => {
    const { events, requests, recorder } = await open(t, () => {}, { headers: { 'X-A': 'yes' } });
    await events('/ticks?interval=5ms');
    await events('/ticks', { name: 'listen' });
    assert.equal(requests[0], '/ticks?interval=5ms text/event-stream yes');
    assert.deepEqual(recorder.lines, ['flow › GET /ticks 200', 'flow › listen 200']);
    assert.equal(recorder.openConnections, 2);
    for (const { intendedMs, sentMs, firstByteMs } of recorder.outcomes) {
      assert.ok(intendedMs <= sentMs && sentMs <= firstByteMs);
    }
  });

  it('come in order, however they are cut into pieces', async (t) => {
    const { events } = await open(t, async (response) => {
      const text =
        'id: 1\nevent: tick\ndata: grüße\n\n: comment\nretry: 5\nother: x\n\ndata: a\ndata: b\n\n';
      for (const byte of Buffer.from(text)) {
        response.write(Buffer.from([byte]));
        await sleep(0);
      }
    });
    const stream = await events();
    assert.deepEqual(await stream.next(), { event: 'tick', data: 'grüße', id: '1' });
    assert.deepEqual(await stream.next(), { event: 'message', data: 'a\nb', id: undefined });
  });

  it('are measured by how long they were waited for', async (t) => {
    const { events, recorder } = await open(t, async (response) => {
      response.write('data: 1\n\n');
      await sleep(60);
      response.write('data: 2\n\n');
    });
    const stream = await events();
    while (recorder.receivedBytes === 0) await sleep(1);
    await stream.next();
    await stream.next({ name: 'slow' });
    assert.deepEqual(recorder.lines.slice(1), ['flow › event event', 'flow › slow event']);
    const [one, two] = recorder.outcomes.slice(1).map(({ sentMs, endedMs }) => endedMs - sentMs);
    assert.ok((one ?? 99) < (two ?? 0), `${one} ms is no wait, ${two} ms is one`);
  });

  it('are iterated over to the end of the stream, unmeasured', async (t) => {
    const { events, recorder } = await open(t, (response) => {
      response.end('data: 1\n\ndata: 2\n\ndata: not complete');
    });
    const all: string[] = [];
    for await (const { data } of await events()) all.push(data);
    assert.deepEqual(all, ['1', '2']);
    assert.deepEqual(recorder.lines, ['flow › GET /ticks 200']);
  });

  it('end an iteration when the flow closes them', async (t) => {
    const { events, recorder } = await open(t, (response) => response.write('data: 1\n\n'));
    const stream = await events();
    let count = 0;
    for await (const _ of stream) {
      count++;
      stream.close();
    }
    assert.equal(count, 1);
    await assert.rejects(stream.next(), { kind: 'exception', message: /closed by the flow/ });
    while (recorder.openConnections > 0) await sleep(1);
  });

  it('come over HTTP/2', async (t) => {
    const server = createHttp2Server((_request, response) => {
      response.writeHead(200, EVENTS);
      response.write('data: two\n\n');
    });
    const { client } = connectTo(t, await listen(t, server), { http2: true });
    const stream = await client.openEvents({ intendedMs: 0 }, '/ticks');
    assert.equal((await stream.next()).data, 'two');
    stream.release();
  });
});

describe('events fail', () => {
  it('when they are answered with another status or type', async (t) => {
    const target = await serve(t, ({ url }, response) => {
      if (url === '/none') response.writeHead(204).end();
      else response.writeHead(200, { 'content-type': 'text/html' }).end('<html>');
    });
    const { client, recorder } = connectTo(t, target);
    const openEvents = (path: string) => client.openEvents({ intendedMs: 0 }, path);
    await assert.rejects(openEvents('/none'), {
      kind: 'status',
      message: 'GET /none answered 204; expected 200',
    });
    await assert.rejects(openEvents('/page'), { kind: 'protocol', message: /with text\/html/ });
    assert.deepEqual(recorder.lines, ['flow › GET /none 204', 'flow › GET /page protocol']);
  });

  it('when nobody listens, or nothing is answered in time', async (t) => {
    const { client } = connectTo(t, new URL('http://127.0.0.1:1'));
    await assert.rejects(client.openEvents({ intendedMs: 0 }, '/'), { kind: 'refused' });
    const silent = connectTo(t, await serve(t, () => {}), { timeoutMs: 500 });
    await assert.rejects(silent.client.openEvents({ intendedMs: 0 }, '/'), { kind: 'timeout' });
  });

  it('when the next one does not come in time', async (t) => {
    const { events, recorder } = await open(t, () => {}, { timeoutMs: 500 });
    const stream = await events();
    await assert.rejects(stream.next(), { kind: 'timeout', message: /GET \/ticks .* 500 ms/ });
    await assert.rejects(stream.next({ timeout: '20ms' }), { kind: 'timeout', message: /20 ms/ });
    assert.deepEqual(recorder.lines.slice(1), ['flow › event timeout', 'flow › event timeout']);
  });

  it('when the stream ends, or breaks', async (t) => {
    const ended = await open(t, (response) => response.end('data: 1\n\n'));
    const stream = await ended.events();
    await stream.next();
    await assert.rejects(stream.next(), { kind: 'reset', message: /ended by the other side/ });
    const broken = await open(t, (response) => setTimeout(() => response.destroy(), 5));
    const other = await broken.events();
    await assert.rejects(other.next(), { kind: 'reset' });
    await assert.rejects(
      async () => {
        for await (const _ of other);
      },
      { kind: 'reset' },
    );
  });

  it('when more come than the flow receives', async (t) => {
    const { events, recorder } = await open(t, (response) => {
      response.write('data: x\n\n'.repeat(2_000));
    });
    const stream = await events();
    while (recorder.openConnections > 0) await sleep(1);
    for (let i = 0; i < 1_001; i++) await stream.next();
    await assert.rejects(stream.next(), { kind: 'protocol', message: /receive faster/ });
  });

  it('when one never ends', async (t) => {
    const { events } = await open(t, (response) => {
      response.on('error', () => {});
      const write = (): void => {
        while (!response.destroyed && response.write('x'.repeat(1024 * 1024)));
        response.once('drain', write);
      };
      response.write('data: ');
      write();
    });
    await assert.rejects((await events()).next(), { kind: 'protocol', message: /16 MiB/ });
  });

  it('when the run is over', async (t) => {
    const { events, abort, recorder } = await open(t, () => {});
    const stream = await events();
    const [waiting, iterating] = [stream.next(), stream[Symbol.asyncIterator]().next()];
    abort.abort();
    await assert.rejects(waiting, { kind: 'cut' });
    await assert.rejects(iterating, { kind: 'cut' });
    await assert.rejects(events(), { kind: 'cut' });
    while (recorder.openConnections > 0) await sleep(1);
  });
});
