import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { openPair, receive } from './socket-pair.test-support.ts';
import { closeTunnel } from './tunnel-close.ts';
import { TunnelFlow } from './tunnel-flow.ts';
import { type CloseCode, closeFrame } from './websocket-frames.ts';

const MASK = Buffer.from([1, 2, 3, 4]);
const CLIENT_ANSWER = closeFrame(1001, Buffer.from([9, 9, 9, 9]));

/** A tunnel between two sockets of which the test has the far ends, and what has come there. */
async function openTunnel(t: TestContext) {
  const client = await openPair(t, (socket) => socket);
  const upstream = await openPair(t, (socket) => socket);
  t.mock.timers.enable({ apis: ['setTimeout'] });
  for (const { near, far } of [client, upstream]) {
    near.on('error', () => {});
    far.on('error', () => {});
  }
  const cut = () => {
    client.near.destroy();
    upstream.near.destroy();
  };
  const up = new TunnelFlow(client.near, upstream.near);
  const down = new TunnelFlow(upstream.near, client.near);
  return {
    client: client.far,
    upstream: upstream.far,
    atClient: receive(client.far),
    atUpstream: receive(upstream.far),
    isOpen: () => !client.near.destroyed,
    close: (code: CloseCode = 1001) => closeTunnel({ up, down, cut }, code, MASK),
    /** Lets time pass. */
    pass: (ms: number) => t.mock.timers.tick(ms),
  };
}

/** A short frame of text. */
function frame(text: string, isFinal = true, opcode = 1): Buffer {
  return Buffer.from([(isFinal ? 0x80 : 0) + opcode, text.length, ...Buffer.from(text)]);
}

/** A condition that time alone brings about; fails with the test. */
async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await turn();
}

describe('a tunnel that is closed', () => {
  for (const code of [1001, 1012] as const) {
    it(`tells the client first, and the upstream when the client has answered: ${code}`, async (t) => {
      const { client, upstream, atClient, atUpstream, close } = await openTunnel(t);
      close(code);
      assert.deepEqual(await atClient.first(4), closeFrame(code));
      assert.equal(atUpstream.bytes.length, 0);
      client.write(CLIENT_ANSWER);
      assert.deepEqual(await atUpstream.all(), closeFrame(code, MASK));
      assert.equal(client.readableEnded, false, 'the upstream has not ended yet');
      upstream.end(closeFrame(code));
      assert.deepEqual(await atClient.all(), closeFrame(code));
    });
  }

  it('ends the message that is under way, and lets no other begin', async (t) => {
    const { upstream, atClient, close } = await openTunnel(t);
    const begun = frame('one', false);
    upstream.write(begun);
    await atClient.first(begun.length);
    close();
    const rest = [frame('', true, 9), frame('two', true, 0)];
    upstream.write(Buffer.concat([...rest, frame('three')]));
    const expected = Buffer.concat([begun, ...rest, closeFrame(1001)]);
    assert.deepEqual(await atClient.first(expected.length), expected);
    upstream.end(frame('four'));
    assert.deepEqual(await atClient.all(), expected);
  });

  it('passes on what the client says until it has answered, and nothing after', async (t) => {
    const { client, atClient, atUpstream, close } = await openTunnel(t);
    close();
    await atClient.first(4);
    client.write(Buffer.concat([frame('one'), frame('two'), CLIENT_ANSWER, frame('three')]));
    const expected = Buffer.concat([frame('one'), frame('two'), closeFrame(1001, MASK)]);
    assert.deepEqual(await atUpstream.all(), expected);
  });

  it('waits 5 s for the end of a message, and then closes between two of its frames', async (t) => {
    const { upstream, atClient, close, pass } = await openTunnel(t);
    const begun = frame('one', false);
    upstream.write(begun);
    await atClient.first(begun.length);
    close();
    pass(4_999);
    for (let i = 0; i < 5; i++) await turn();
    assert.equal(atClient.bytes.length, begun.length);
    pass(1);
    const expected = Buffer.concat([begun, closeFrame(1001)]);
    assert.deepEqual(await atClient.first(expected.length), expected);
  });

  it('is cut after 5 s in the middle of a frame', async (t) => {
    const { upstream, atClient, isOpen, close, pass } = await openTunnel(t);
    const half = frame('half').subarray(0, 4);
    upstream.write(half);
    await atClient.first(half.length);
    close();
    pass(5_000);
    assert.equal(isOpen(), false);
    assert.deepEqual(await atClient.all(), half);
  });

  it('waits 2 s for the answer, and then tells the upstream', async (t) => {
    const { atClient, atUpstream, close, pass } = await openTunnel(t);
    close();
    await atClient.first(4);
    pass(1_999);
    for (let i = 0; i < 5; i++) await turn();
    assert.equal(atUpstream.bytes.length, 0);
    pass(1);
    assert.deepEqual(await atUpstream.all(), closeFrame(1001, MASK));
  });

  it('is cut when the client stops in the middle of a frame', async (t) => {
    const { client, atClient, atUpstream, isOpen, close, pass } = await openTunnel(t);
    close();
    await atClient.first(4);
    client.write(frame('half').subarray(0, 4));
    await atUpstream.first(4);
    pass(2_000);
    assert.equal(isOpen(), false);
    assert.equal((await atUpstream.all()).length, 4);
  });

  it('tells the upstream of a client that leaves without an answer', async (t) => {
    const { client, atClient, atUpstream, close } = await openTunnel(t);
    close();
    await atClient.first(4);
    client.end();
    assert.deepEqual(await atUpstream.all(), closeFrame(1001, MASK));
  });

  it('waits 2 s for the upstream to end', async (t) => {
    const { client, atClient, atUpstream, isOpen, close, pass } = await openTunnel(t);
    close();
    await atClient.first(4);
    client.write(CLIENT_ANSWER);
    await atUpstream.all();
    assert.equal(isOpen(), true);
    pass(2_000);
    await until(() => !isOpen());
  });

  for (const side of ['client', 'upstream'] as const) {
    it(`is left alone for 2 s where the ${side} is closing it already`, async (t) => {
      const tunnel = await openTunnel(t);
      const { close, isOpen, pass } = tunnel;
      const [near, far] =
        side === 'client' ? [tunnel.client, tunnel.atUpstream] : [tunnel.upstream, tunnel.atClient];
      const theirs = Buffer.from([0x88, 2, 0x0f, 0xa1]);
      near.write(theirs);
      await far.first(theirs.length);
      close();
      for (let i = 0; i < 5; i++) await turn();
      assert.equal(isOpen(), true);
      pass(2_000);
      assert.equal(isOpen(), false);
      assert.deepEqual(await far.all(), theirs);
    });
  }

  it('is told nothing more where the upstream has ended without a word', async (t) => {
    const { upstream, atClient, isOpen, close, pass } = await openTunnel(t);
    upstream.end();
    assert.equal((await atClient.all()).length, 0);
    close();
    pass(2_000);
    assert.equal(isOpen(), false);
  });

  it('is not closed twice where the client does so while a message is awaited', async (t) => {
    const { client, upstream, atClient, atUpstream, close } = await openTunnel(t);
    const begun = frame('one', false);
    upstream.write(begun);
    await atClient.first(begun.length);
    close();
    const theirs = closeFrame(1001, Buffer.from([5, 6, 7, 8]));
    client.write(theirs);
    await atUpstream.first(theirs.length);
    const rest = Buffer.concat([frame('two', true, 0), Buffer.from([0x88, 2, 3, 0xe8])]);
    upstream.end(rest);
    assert.deepEqual(await atClient.all(), Buffer.concat([begun, rest]));
    assert.deepEqual(atUpstream.bytes, theirs);
    client.end();
  });
});
