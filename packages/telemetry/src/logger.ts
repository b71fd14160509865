/** The application log: JSON lines for people and machines, few enough to be written at once. */
import { pino } from 'pino';
import { type LogDestination, openLog } from './log-file.ts';

/** From the most talkative to silence. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

/** Writes `message` with `fields`; an Error under the name `error` is written with its stack. */
type LogLine = (message: string, fields?: object) => void;

/** A log with four levels. */
export interface Logger {
  readonly debug: LogLine;
  readonly info: LogLine;
  readonly warn: LogLine;
  readonly error: LogLine;
  /** From now on. */
  setLevel(level: LogLevel): void;
}

/** Settings of a logger. */
export interface LoggerOptions {
  /** Of the application; on every line. */
  readonly name: string;
  /** The lowest level that is written; default `info`. */
  readonly level?: LogLevel;
  /** Default `stderr`, which leaves standard output to the access log. */
  readonly destination?: LogDestination;
}

/**
 * A logger whose lines have `level`, `time`, `name`, `pid`, the fields and `msg`. Lines are written
 * before the call returns, so that the last one survives a crash. Throws when the file cannot be
 * opened.
 */
export function createLogger({
  name,
  level = 'info',
  destination = 'stderr',
}: LoggerOptions): Logger {
  const logger = pino(
    {
      level,
      base: { name, pid: process.pid },
      errorKey: 'error',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
    },
    pino.destination({ dest: openLog(destination), sync: true }),
  );
  return {
    debug: (message, fields) => logger.debug(fields, message),
    info: (message, fields) => logger.info(fields, message),
    warn: (message, fields) => logger.warn(fields, message),
    error: (message, fields) => logger.error(fields, message),
    setLevel(next) {
      logger.level = next;
    },
  };
}
