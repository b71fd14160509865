import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FieldLines } from '@headgate/http1';
import type { BodyTaker } from '../exchange.ts';
import { Upload, type UploadRules, type UploadSource } from './upload.ts';

const TRAILERS = 'x-sum: 1\r\n' as FieldLines;

/** A client connection on paper, with a clock of its own. */
class Source implements UploadSource {
  nowMs = 0;
  isReading = false;
  isPaused = false;
  /** What was last asked for: milliseconds to wait, undefined for none. */
  awaitedMs: number | undefined;
  continues = 0;
  readonly now = () => this.nowMs;

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
  }

  awaitUpload(timeoutMs: number): void {
    this.awaitedMs = timeoutMs;
  }

  stopAwaiting(): void {
    this.awaitedMs = undefined;
  }

  sendContinue(): void {
    this.continues++;
  }

  /** Everything that comes in one read, and what it may end with. */
  read(upload: Upload, text: string, end?: 'end' | FieldLines): boolean {
    const bytes = Buffer.from(`<${text}>`);
    this.isReading = true;
    const isTaken = upload.take(bytes, 1, bytes.length - 1);
    if (end) upload.end(end === 'end' ? undefined : end);
    this.isReading = false;
    upload.readEnded();
    // The next read is into the same memory.
    bytes.fill('!');
    return isTaken;
  }
}

/** Takes a body and writes down what it is told. */
class Taker implements BodyTaker {
  readonly told: string[] = [];

  upload(bytes: Buffer, from: number, to: number): void {
    this.told.push(bytes.toString('latin1', from, to));
  }

  uploadEnded(trailers: FieldLines | undefined): void {
    this.told.push(`end ${trailers ?? ''}`.trim());
  }

  uploadRead(): void {
    this.told.push('read');
  }
}

const RULES: UploadRules = {
  idleMs: 30_000,
  bytesPerSecond: 0,
  maxSizeBytes: Number.POSITIVE_INFINITY,
  expectsContinue: false,
};

function createUpload(rules: Partial<UploadRules> = {}) {
  const source = new Source();
  const upload = new Upload(source, { ...RULES, ...rules });
  const taker = new Taker();
  return { source, upload, taker };
}

describe('a body that nobody takes yet', () => {
  it('is held, and no more is read meanwhile', () => {
    const { source, upload, taker } = createUpload();
    source.read(upload, 'held');
    assert.equal(source.isPaused, true);
    assert.equal(source.awaitedMs, undefined, 'the client is not waited for');
    assert.equal(upload.isStarted, false);
    upload.pourInto(taker);
    assert.equal(upload.isStarted, true);
    assert.deepEqual(taker.told, ['held', 'read']);
    assert.equal(source.isPaused, false);
    assert.equal(source.awaitedMs, 30_000);
  });

  it('is given whole, with its end and trailers, when it has all come', () => {
    const { source, upload, taker } = createUpload();
    source.read(upload, 'all', TRAILERS);
    assert.equal(upload.isComplete, true);
    assert.equal(source.isPaused, false, 'what follows is not its own');
    upload.pourInto(taker);
    assert.deepEqual(taker.told, ['all', `end ${TRAILERS.trim()}`, 'read']);
    assert.equal(source.awaitedMs, undefined);
  });
});

describe('a body that is taken', () => {
  it('is passed on read by read', () => {
    const { source, upload, taker } = createUpload();
    upload.pourInto(taker);
    source.read(upload, 'one');
    source.read(upload, 'two', 'end');
    assert.deepEqual(taker.told, ['read', 'one', 'read', 'two', 'end', 'read']);
    assert.equal(source.isPaused, false);
  });

  it('in the middle of a read is told the end of that read once', () => {
    const { source, upload, taker } = createUpload();
    source.isReading = true;
    upload.pourInto(taker);
    assert.deepEqual(taker.told, []);
    source.read(upload, 'first');
    assert.deepEqual(taker.told, ['first', 'read']);
    assert.equal(source.awaitedMs, 30_000);
  });

  it('pauses and resumes with its taker', () => {
    const { source, upload, taker } = createUpload();
    upload.pourInto(taker);
    upload.pause();
    assert.equal(source.isPaused, true);
    assert.equal(source.awaitedMs, undefined, 'a client told to wait is not waited for');
    upload.resume();
    assert.equal(source.isPaused, false);
    assert.equal(source.awaitedMs, 30_000);
  });

  it('is not waited for when it is paused by what it was given', () => {
    const { source, upload, taker } = createUpload();
    taker.uploadRead = () => upload.pause();
    upload.pourInto(new Taker());
    upload.pourInto(taker);
    source.read(upload, 'much');
    assert.equal(source.isPaused, true);
    assert.equal(source.awaitedMs, undefined);
  });

  it('does not resume a connection that it did not pause', () => {
    const { source, upload, taker } = createUpload();
    upload.pourInto(taker);
    source.read(upload, 'all', 'end');
    source.pause();
    upload.resume();
    assert.equal(source.isPaused, true);
    assert.equal(source.awaitedMs, undefined);
  });
});

describe('the patience with an upload', () => {
  it('is the idle time after each read, and none after the last', () => {
    const { source, upload, taker } = createUpload({ idleMs: 700 });
    upload.pourInto(taker);
    assert.equal(source.awaitedMs, 700);
    source.nowMs += 699;
    source.awaitedMs = undefined;
    source.read(upload, 'a');
    assert.equal(source.awaitedMs, 700);
    source.read(upload, 'b', 'end');
    assert.equal(source.awaitedMs, undefined);
  });

  it('is less when the average would fall below the least rate', () => {
    const { source, upload, taker } = createUpload({ bytesPerSecond: 100 });
    upload.pourInto(taker);
    assert.equal(source.awaitedMs, 5_000, 'five seconds are free');
    source.nowMs += 4_000;
    source.read(upload, 'x'.repeat(100));
    assert.equal(source.awaitedMs, 5_000 + 1_000 - 4_000);
    source.nowMs += 500;
    source.read(upload, 'x'.repeat(200));
    assert.equal(source.awaitedMs, 5_000 + 3_000 - 4_500);
    source.nowMs += 10_000;
    source.read(upload, 'x');
    assert.equal(source.awaitedMs, 0);
  });

  it('is never more than the idle time, however fast the upload was', () => {
    const { source, upload, taker } = createUpload({ bytesPerSecond: 1, idleMs: 8_000 });
    upload.pourInto(taker);
    source.read(upload, 'x'.repeat(1_000));
    assert.equal(source.awaitedMs, 8_000);
  });

  it('does not count the time in which the client was not let send', () => {
    const { source, upload, taker } = createUpload({ bytesPerSecond: 100 });
    source.read(upload, 'x'.repeat(100));
    source.nowMs += 60_000;
    upload.pourInto(taker);
    assert.equal(source.awaitedMs, 6_000);
    source.nowMs += 1_000;
    upload.pause();
    source.nowMs += 60_000;
    upload.resume();
    assert.equal(source.awaitedMs, 5_000);
  });
});

describe('a client that waits to be told to go on', () => {
  const rules = { expectsContinue: true };

  it('is told so once, when somebody takes its body', () => {
    const { source, upload, taker } = createUpload(rules);
    upload.readEnded();
    assert.equal(source.continues, 0);
    upload.pourInto(taker);
    assert.equal(source.continues, 1);
    upload.pause();
    upload.resume();
    source.read(upload, 'body');
    assert.equal(source.continues, 1);
  });

  it('is told so after the read in which its request came', () => {
    const { source, upload, taker } = createUpload(rules);
    source.isReading = true;
    upload.pourInto(taker);
    assert.equal(source.continues, 0);
    source.isReading = false;
    upload.readEnded();
    assert.equal(source.continues, 1);
  });

  it('is not told so when it did not wait', () => {
    const { source, upload, taker } = createUpload(rules);
    source.read(upload, 'body');
    upload.pourInto(taker);
    assert.equal(source.continues, 0);
  });

  it('is not told so when nobody will take its body', () => {
    const { source, upload } = createUpload(rules);
    upload.abandon();
    upload.readEnded();
    upload.awaitMore();
    assert.equal(source.continues, 0);
  });
});

describe('the limit of a body', () => {
  it('is met by its size over all reads, whether or not it is taken', () => {
    const { source, upload, taker } = createUpload({ maxSizeBytes: 10 });
    assert.equal(source.read(upload, '12345'), true);
    upload.pourInto(taker);
    assert.equal(source.read(upload, '67890'), true);
    assert.equal(source.read(upload, 'x'), false);
    assert.ok(!taker.told.includes('x'), 'what is too much is not passed on');
  });
});

describe('an upload that is abandoned', () => {
  it('is read on, and thrown away', () => {
    const { source, upload, taker } = createUpload();
    upload.pourInto(taker);
    upload.pause();
    upload.abandon();
    assert.equal(source.isPaused, false);
    assert.equal(source.awaitedMs, undefined);
    source.read(upload, 'rest', 'end');
    assert.deepEqual(taker.told, ['read']);
    assert.equal(source.isPaused, false);
    assert.equal(upload.isComplete, true);
  });

  it('may never have been taken', () => {
    const { source, upload } = createUpload();
    source.read(upload, 'held');
    upload.abandon();
    assert.equal(source.isPaused, false);
    source.read(upload, 'rest');
    assert.equal(source.isPaused, false);
    assert.equal(source.awaitedMs, undefined);
  });

  it('stays so, whatever its former taker asks for', () => {
    const { source, upload, taker } = createUpload();
    upload.pourInto(taker);
    upload.abandon();
    source.pause();
    upload.resume();
    assert.equal(source.isPaused, true);
    upload.awaitMore();
    assert.equal(source.awaitedMs, undefined);
  });
});

describe('a body that is poured', () => {
  it('that makes its taker pause while it is poured stays paused', () => {
    const { source, upload, taker } = createUpload();
    source.read(upload, 'held');
    taker.uploadRead = () => upload.pause();
    upload.pourInto(taker);
    assert.equal(source.isPaused, true);
    assert.equal(source.awaitedMs, undefined);
  });
});
