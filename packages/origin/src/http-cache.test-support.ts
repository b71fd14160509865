/** An origin whose log can be read. */
import type { Logger } from '@headgate/telemetry';
import { createOrigin } from './origin.ts';

export interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly message: string;
  readonly fields: object | undefined;
}

/** A logger that keeps its lines. */
export function keptLog(): { readonly logger: Logger; readonly lines: LogLine[] } {
  const lines: LogLine[] = [];
  const keep = (level: LogLine['level']) => (message: string, fields?: object) => {
    lines.push({ level, message, fields });
  };
  const logger: Logger = {
    debug() {},
    info: keep('info'),
    warn: keep('warn'),
    error: keep('error'),
    setLevel() {},
  };
  return { logger, lines };
}

/** An origin without routes. */
export function quietOrigin() {
  const { logger, lines } = keptLog();
  return { app: createOrigin({ name: 'test', logger }), lines };
}
