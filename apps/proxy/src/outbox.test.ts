import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it, type TestContext } from 'node:test';
import { Outbox } from './outbox.ts';
import { openPair, receive } from './socket-pair.test-support.ts';

/** Longer than what is carried as text, shorter than what is written at once. */
const BLOCK_BYTES = 100_000;

/** An outbox, its socket, and the other side, which reads nothing until it is told. */
async function openOutbox(t: TestContext) {
  const { near, far } = await openPair(t, (socket) => socket);
  return { outbox: new Outbox(near), near, far };
}

function block(letter: string, sizeBytes = BLOCK_BYTES): Buffer {
  return Buffer.alloc(sizeBytes, letter);
}

/** Sends blocks of `letter` until the other side has to catch up; how many bytes that took. */
function fill(outbox: Outbox, letter: string): number {
  let sizeBytes = 0;
  do {
    outbox.addBytes(block(letter), 0, BLOCK_BYTES);
    sizeBytes += BLOCK_BYTES;
  } while (outbox.flush());
  return sizeBytes;
}

describe('what is added to an outbox', () => {
  it('arrives in the order it was added, text and bytes, few and many', async (t) => {
    const { outbox, near, far } = await openOutbox(t);
    const [few, many] = [Buffer.from('few'), block('m', 5_000)];
    outbox.addText('head ');
    outbox.addBytes(many, 0, many.length);
    outbox.addBytes(few, 1, 3);
    outbox.addText(' between ');
    outbox.addBytes(many, 10, many.length);
    outbox.addBytes(many, 0, 4_000);
    outbox.addText(' tail');
    outbox.flush();
    outbox.addText(' and more');
    outbox.flushNow();
    near.end();
    const m = (count: number) => 'm'.repeat(count);
    const expected = `head ${m(5_000)}ew between ${m(4_990)}${m(4_000)} tail and more`;
    assert.equal((await receive(far).all()).toString('latin1'), expected);
  });

  it('arrives as one byte for each character', async (t) => {
    const { outbox, near, far } = await openOutbox(t);
    const all = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    outbox.addText(all.toString('latin1'));
    outbox.addBytes(all, 0, all.length);
    outbox.flushNow();
    outbox.addText(all.toString('latin1'));
    outbox.addBytes(block('x'), 0, BLOCK_BYTES);
    outbox.addText(all.toString('latin1'));
    outbox.flushNow();
    near.end();
    const expected = Buffer.concat([all, all, all, block('x'), all]);
    assert.deepEqual(await receive(far).all(), expected);
  });

  it('does not leave before it is flushed, and then once', async (t) => {
    const { outbox, near, far } = await openOutbox(t);
    const received = receive(far);
    outbox.addText('held');
    near.write('first ');
    await received.first(6);
    assert.equal(received.bytes.toString(), 'first ');
    outbox.flush();
    outbox.flush();
    await received.first(10);
    outbox.flush();
    outbox.flushNow();
    near.end();
    assert.equal((await received.all()).toString(), 'first held');
  });

  it('keeps its order when text that was flushed is followed by bytes', async (t) => {
    const { outbox, near, far } = await openOutbox(t);
    for (let i = 0; i < 3; i++) {
      outbox.addText(`<${i}>`);
      outbox.flush();
      outbox.addBytes(block('x', 3_000), 0, 3_000);
      outbox.flush();
    }
    near.end();
    const x = 'x'.repeat(3_000);
    assert.equal((await receive(far).all()).toString(), `<0>${x}<1>${x}<2>${x}`);
  });

  it('leaves before the end of the socket when it is flushed for that', async (t) => {
    const { outbox, near, far } = await openOutbox(t);
    outbox.addText('last words');
    outbox.flush();
    outbox.flushNow();
    near.end();
    assert.equal((await receive(far).all()).toString(), 'last words');
  });

  for (const sizeBytes of [10, 5_000, BLOCK_BYTES, 1_000_000]) {
    it(`may change after it was flushed: ${sizeBytes} bytes`, async (t) => {
      const { outbox, near, far } = await openOutbox(t);
      const bytes = block('a', sizeBytes);
      outbox.addBytes(bytes, 0, sizeBytes);
      outbox.flush();
      bytes.fill('b');
      const received = receive(far);
      await received.first(sizeBytes);
      near.end();
      assert.ok((await received.all()).equals(block('a', sizeBytes)));
    });
  }
});

describe('a side that does not read', () => {
  it('is told of, catches up, and gets everything', async (t) => {
    const { outbox, near, far } = await openOutbox(t);
    const sizeBytes = fill(outbox, 'a');
    assert.equal(outbox.flush(), false);
    outbox.addText('behind it');
    assert.equal(outbox.flush(), false);
    const received = receive(far);
    await once(near, 'drain');
    assert.equal(outbox.flush(), true);
    await received.first(sizeBytes + 9);
    near.end();
    const expected = `${'a'.repeat(sizeBytes)}behind it`;
    assert.ok((await received.all()).equals(Buffer.from(expected)));
  });

  it('gets nothing of what is sent to others meanwhile', async (t) => {
    const slow = await openOutbox(t);
    const other = await openOutbox(t);
    const slowBytes = fill(slow.outbox, 'a');
    const received = receive(other.far);
    for (let i = 0; i < 3; i++) {
      other.outbox.addBytes(block('b'), 0, BLOCK_BYTES);
      other.outbox.flush();
      await received.first((i + 1) * BLOCK_BYTES);
    }
    assert.ok(received.bytes.equals(block('b', 3 * BLOCK_BYTES)));
    assert.ok((await receive(slow.far).first(slowBytes)).equals(block('a', slowBytes)));
  });
});

describe('outboxes flushed in one turn', () => {
  it('all send, though one of their sockets is gone by then', async (t) => {
    const [first, gone, last] = [await openOutbox(t), await openOutbox(t), await openOutbox(t)];
    for (const { outbox } of [first, gone, last]) {
      outbox.addText('text');
      outbox.flush();
    }
    gone.near.destroy();
    const texts = await Promise.all([first, last].map(({ far }) => receive(far).first(4)));
    assert.deepEqual(texts.map(String), ['text', 'text']);
  });
});
