import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { closeFrame, FrameTracker } from './websocket-frames.ts';

interface Frame {
  readonly opcode: number;
  readonly isFinal: boolean;
  readonly isMasked: boolean;
  readonly payload: Uint8Array;
}

/** Written from §5.2, the other way round from the code under test. */
function encode({ opcode, isFinal, isMasked, payload }: Frame): Buffer {
  const { length } = payload;
  const header = Buffer.alloc(length < 126 ? 2 : length < 65_536 ? 4 : 10);
  header.writeUInt8((isFinal ? 128 : 0) + opcode, 0);
  if (header.length === 4) header.writeUInt16BE(length, 2);
  if (header.length === 10) header.writeBigUInt64BE(BigInt(length), 2);
  const shown = header.length === 2 ? length : header.length === 4 ? 126 : 127;
  header.writeUInt8((isMasked ? 128 : 0) + shown, 1);
  return Buffer.concat([header, isMasked ? Buffer.from([129, 8, 255, 0]) : '', payload].map(bytes));
}

function bytes(part: Uint8Array | string): Uint8Array {
  return typeof part === 'string' ? Buffer.from(part) : part;
}

const sizes = fc.oneof(
  fc.integer({ min: 0, max: 130 }),
  fc.constantFrom(125, 126, 127, 65_535, 65_536, 70_000),
);
/** What looks like headers, to be taken for them by whoever loses count. */
const payloads = fc.tuple(sizes, fc.integer({ min: 0, max: 255 })).map(([sizeBytes, byte]) => {
  return Buffer.alloc(sizeBytes, byte);
});
const control = fc.record({
  opcode: fc.constantFrom(9, 10),
  isFinal: fc.constant(true),
  isMasked: fc.boolean(),
  payload: fc.uint8Array({ maxLength: 125 }),
});
/** A message of one or more frames, with frames of control between them. */
const messages = fc
  .tuple(
    fc.constantFrom(1, 2),
    fc.array(fc.tuple(payloads, fc.boolean(), fc.array(control, { maxLength: 1 })), {
      minLength: 1,
      maxLength: 3,
    }),
  )
  .map(([opcode, parts]) =>
    parts.flatMap(([payload, isMasked, between], i): Frame[] => {
      const isFinal = i === parts.length - 1;
      const frame = { opcode: i === 0 ? opcode : 0, isFinal, isMasked, payload };
      return isFinal ? [frame] : [frame, ...between];
    }),
  );
const streams = fc.array(messages, { minLength: 1, maxLength: 4 });
const cuts = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 12 }), fc.integer({ min: 1, max: 70_000 })),
);

/** Pieces of these sizes, the last one as large as it takes. */
function split(whole: Buffer, pieceSizes: readonly number[]): Buffer[] {
  const pieces: Buffer[] = [];
  let at = 0;
  for (const sizeBytes of pieceSizes) {
    if (at + sizeBytes >= whole.length) break;
    pieces.push(whole.subarray(at, at + sizeBytes));
    at += sizeBytes;
  }
  return [...pieces, whole.subarray(at)];
}

/** Where frames end, and where messages do, in what they are encoded to. */
function ends(all: readonly (readonly Frame[])[]) {
  const frames: number[] = [];
  const between: number[] = [];
  let at = 0;
  for (const message of all) {
    for (const frame of message) {
      at += encode(frame).length;
      frames.push(at);
    }
    between.push(at);
  }
  return { frames, messages: between };
}

function encodeAll(all: readonly (readonly Frame[])[]): Buffer {
  return Buffer.concat(all.flat().map(encode));
}

describe('a tracker of frames', () => {
  it('finds the end of every frame and message, however the bytes are cut', () => {
    fc.assert(
      fc.property(streams, cuts, (stream, pieceSizes) => {
        const tracker = new FrameTracker();
        const found = { frames: [] as number[], messages: [] as number[] };
        let before = 0;
        for (const piece of split(encodeAll(stream), pieceSizes)) {
          for (let at = 0; at < piece.length; ) {
            at = tracker.advance(piece, at);
            if (tracker.isBetweenFrames) found.frames.push(before + at);
            if (tracker.isBetweenMessages) found.messages.push(before + at);
          }
          before += piece.length;
        }
        assert.deepEqual(found, ends(stream));
        assert.equal(tracker.hasClosed, false);
      }),
    );
  });

  it('knows after each chunk whether a frame or a message is under way', () => {
    fc.assert(
      fc.property(streams, cuts, (stream, pieceSizes) => {
        const tracker = new FrameTracker();
        const expected = ends(stream);
        let at = 0;
        for (const piece of split(encodeAll(stream), pieceSizes)) {
          tracker.follow(piece);
          at += piece.length;
          assert.equal(tracker.isBetweenFrames, expected.frames.includes(at));
          assert.equal(tracker.isBetweenMessages, expected.messages.includes(at));
        }
      }),
    );
  });

  it('sees a Close frame with its first byte, in whatever message it comes', () => {
    fc.assert(
      fc.property(messages, fc.boolean(), (message, isMasked) => {
        const tracker = new FrameTracker();
        tracker.follow(encodeAll([message.slice(0, -1)]));
        assert.equal(tracker.hasClosed, false);
        const close = closeFrame(1001, isMasked ? Buffer.from([1, 2, 3, 4]) : undefined);
        assert.equal(tracker.advance(close, 0), close.length);
        assert.equal(tracker.hasClosed, true);
        assert.equal(tracker.isBetweenFrames, true);
        const other = new FrameTracker();
        other.follow(close.subarray(0, 1));
        assert.equal(other.hasClosed, true);
      }),
    );
  });

  it('is between messages before the first one', () => {
    const tracker = new FrameTracker();
    assert.equal(tracker.isBetweenFrames, true);
    assert.equal(tracker.isBetweenMessages, true);
  });
});

describe('a Close frame', () => {
  it('has its code in two bytes', () => {
    assert.deepEqual([...closeFrame(1001)], [0x88, 2, 0x03, 0xe9]);
    assert.deepEqual([...closeFrame(1012)], [0x88, 2, 0x03, 0xf4]);
  });

  it('is masked where a client sends it', () => {
    const frame = closeFrame(1012, Buffer.from([0xff, 0x0f, 0x55, 0xaa]));
    assert.deepEqual([...frame], [0x88, 0x82, 0xff, 0x0f, 0x55, 0xaa, 0x03 ^ 0xff, 0xf4 ^ 0x0f]);
  });
});
