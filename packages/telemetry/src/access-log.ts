/** The access log: one JSON line per record, written in batches so that no request waits for it. */
import { pino } from 'pino';
import { type LogDestination, openLog } from './log-file.ts';

/** An open access log. */
export interface AccessLog {
  /** Queues one line. Never throws and never blocks; after `close` the record is dropped. */
  write(record: object): void;
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

/** A batch is written when it has this size, or when this time has passed. */
const BATCH_SIZE_BYTES = 4096;
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
      minLength: BATCH_SIZE_BYTES,
      maxLength: QUEUE_SIZE_BYTES,
      periodicFlush: BATCH_INTERVAL_MS,
    });
    opened.on('error', fail);
    opened.on('drop', () => dropped++);
    opened.on('write', (sizeBytes: number) => {
      if (sizeBytes > 0) isFailing = false;
    });
    return opened;
  };

  let batches = open();
  let retiring: Promise<unknown> = Promise.resolve();
  const lines = pino(
    {
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      // Tells the lines apart from those of the application log where both end in one place.
      formatters: { level: () => ({ log: 'access' }) },
    },
    { write: (line: string) => batches.write(line) },
  );

  return {
    get dropped() {
      return dropped;
    },
    write(record) {
      if (closing || broken) dropped++;
      else lines.info(record);
    },
    async flush() {
      if (broken) throw broken;
      if (closing) return closing;
      await retiring;
      // Once for the batch being written, and once for the one that waits behind it.
      await flushBatch(batches);
      await flushBatch(batches);
    },
    reopen() {
      if (closing || typeof destination === 'string') return;
      try {
        const next = open();
        retiring = Promise.all([retiring, end(batches).catch(fail)]);
        batches = next;
      } catch (error) {
        fail(error as Error);
      }
    },
    close() {
      closing ??= broken
        ? Promise.reject(broken)
        : Promise.all([retiring, end(batches)]).then(() => undefined);
      return closing;
    },
  };
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
