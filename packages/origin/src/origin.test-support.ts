/** An origin whose log can be read, and how to wait for what it does. */
import type { Logger } from '@headgate/telemetry';
import { createOrigin, type OriginOptions } from './origin.ts';

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
export function quietOrigin(options: Partial<OriginOptions> = {}) {
  const { logger, lines } = keptLog();
  return { app: createOrigin({ name: 'test', logger, ...options }), lines };
}

/** Waits until `check` is true; rejects when it does not get there. */
export async function until(check: () => boolean, what: string): Promise<void> {
  const endMs = performance.now() + 20_000;
  while (!check()) {
    if (performance.now() > endMs) throw new Error(`${what} did not happen`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}
