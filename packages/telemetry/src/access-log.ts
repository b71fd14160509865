/** The access log: one JSON line per record, written in batches so that no request waits for it. */
import { pino } from 'pino';
import { type LogDestination, openLog } from './log-file.ts';

/** An open access log. */
export interface AccessLog {
  /** Queues one line. Never blocks; after `close` the record is dropped. */
  write(record: object): void;
  /**
   * As `write`, for who has the members of the JSON object as text: `"status":200,"bytes":5`.
   * ASCII only: everything else must be escaped.
   */
  writeMembers(members: string): void;
  /** Records lost so far because writing could not keep up, or came after `close`. */
  readonly dropped: number;
  /** Resolves when every record written before the call has been handed to the system. */
  flush(): Promise<void>;
  /** Starts a new file under the same name, after the old one was moved away (log rotation). */
  reopen(): void;
  /** Writes what is queued and closes the file. Rejects when some of it could not be written. */
  close(): Promise<void>;
}

/** Settings of an access log. */
export interface AccessLogOptions {
  /**
   * Called when lines cannot be written or the file cannot be reopened; once, until writing works
   * again. Default: a process warning.
   */
  readonly onError?: (error: Error) => void;
}

type Batches = ReturnType<typeof pino.destination>;

/**
 * A batch is handed over when it has this size, or when this time has passed. To hand one over
 * costs as much as to serve a request: it should have hundreds of lines when there are hundreds.
 */
const BATCH_SIZE_BYTES = 64 * 1024;
const BATCH_INTERVAL_MS = 500;
/** Held in memory while the disk or the reader of a pipe stalls; beyond it, records are dropped. */
const QUEUE_SIZE_BYTES = 16 * 1024 * 1024;

/** Opens an access log. Throws an Error that names the file when it cannot be opened. */
export function createAccessLog(
  destination: LogDestination,
  { onError = (error) => process.emitWarning(error) }: AccessLogOptions = {},
): AccessLog {
  let dropped = 0;
  let isFailing = false;
  let broken: Error | undefined;
  let closing: Promise<void> | undefined;

  const fail = (error: Error) => {
    // The reader of a pipe is gone for good, and pino writes nothing more after it has seen that.
    if ((error as NodeJS.ErrnoException).code === 'EPIPE') broken = error;
    if (!isFailing) onError(error);
    isFailing = true;
  };
  const open = (): Batches => {
    const opened = pino.destination({
      dest: openLog(destination),
      sync: false,
      contentMode: 'buffer',
      minLength: 1,
      maxLength: QUEUE_SIZE_BYTES,
    } as Parameters<typeof pino.destination>[0]);
    opened.on('error', fail);
    opened.on('drop', () => {
      dropped += linesInBatch;
    });
    opened.on('write', (sizeBytes: number) => {
      if (sizeBytes > 0) isFailing = false;
    });
    return opened;
  };

  let batch = Buffer.allocUnsafeSlow(BATCH_SIZE_BYTES);
  let filledBytes = 0;
  let linesInBatch = 0;
  let batches = open();
  let retiring: Promise<unknown> = Promise.resolve();
  const handOver = () => {
    if (filledBytes === 0) return;
    // Takes any bytes, though the library's types say text only.
    batches.write(batch.subarray(0, filledBytes) as unknown as string);
    batch = Buffer.allocUnsafeSlow(BATCH_SIZE_BYTES);
    filledBytes = 0;
    linesInBatch = 0;
  };
  const timer = setInterval(handOver, BATCH_INTERVAL_MS).unref();
  const handOverAtExit = () => {
    handOver();
    batches.flushSync();
  };
  // Before the library's own, which end the file.
  process.prependListener('beforeExit', handOver);
  process.prependListener('exit', handOverAtExit);

  const writeMembers = (members: string) => {
    if (closing || broken) {
      dropped++;
      return;
    }
    // `log` tells the lines apart from those of the application log where both end in one place.
    const line = `{"log":"access","time":"${isoTime()}",${members}}\n`;
    if (filledBytes + line.length > batch.length) handOver();
    if (line.length > batch.length) batch = Buffer.allocUnsafeSlow(line.length);
    filledBytes += batch.write(line, filledBytes, 'latin1');
    linesInBatch++;
  };
  const closeAll = async () => {
    clearInterval(timer);
    process.off('beforeExit', handOver);
    process.off('exit', handOverAtExit);
    if (broken) throw broken;
    handOver();
    await Promise.all([retiring, end(batches)]);
  };

  return {
    get dropped() {
      return dropped;
    },
    write: (record) => writeMembers(inAscii(JSON.stringify(record).slice(1, -1))),
    writeMembers,
    async flush() {
      if (broken) throw broken;
      if (closing) return closing;
      handOver();
      await retiring;
      // Once for the batch being written, and once for the one that waits behind it.
      await flushBatch(batches);
      await flushBatch(batches);
    },
    reopen() {
      if (closing || typeof destination === 'string') return;
      try {
        handOver();
        const next = open();
        retiring = Promise.all([retiring, end(batches).catch(fail)]);
        batches = next;
      } catch (error) {
        fail(error as Error);
      }
    },
    close() {
      closing ??= closeAll();
      return closing;
    },
  };
}

/** JSON says the same with everything beyond ASCII escaped. */
function inAscii(json: string): string {
  return json.replace(
    /[^\x20-\x7e]/g,
    (char) => `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

let isoTimeMs = 0;
let isoTimeText = '';

/** Now, put into words once a millisecond. */
function isoTime(): string {
  const nowMs = Date.now();
  if (nowMs !== isoTimeMs) {
    isoTimeMs = nowMs;
    isoTimeText = new Date(nowMs).toISOString();
  }
  return isoTimeText;
}

function flushBatch(batches: Batches): Promise<void> {
  return new Promise((resolve, reject) => {
    batches.flush((error) => {
      // Pipes and terminals cannot be synced to a disk; the lines have been written all the same.
      if (error && (error as NodeJS.ErrnoException).syscall !== 'fsync') reject(error);
      else resolve();
    });
  });
}

function end(batches: Batches): Promise<void> {
  return new Promise((resolve, reject) => {
    batches.once('close', resolve);
    batches.once('error', (error: Error) => {
      reject(error);
      batches.destroy();
    });
    batches.end();
  });
}
