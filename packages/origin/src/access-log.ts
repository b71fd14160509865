// Owns the access log of an origin: one JSON line for each request that has ended.
import { createAccessLog } from '@headgate/telemetry';
import type { ScopeEnd } from './open-scope.ts';

/** Takes lines as text, each ended by a newline; a stream that is full is given none. */
export interface LineSink {
  write(line: string): unknown;
  readonly writableNeedDrain?: boolean;
}

/** Where the lines go. */
export type AccessLogTarget = 'off' | 'stdout' | { readonly file: string } | LineSink;

/** An open access log. */
export interface RequestLog {
  /** @param route the pattern that matched */
  write(end: ScopeEnd, route: string | undefined): void;
  /** Starts a new file under the same name, after the old one was moved away; else does nothing. */
  reopen(): void;
  /** Writes what is queued and closes the file. */
  close(): Promise<void>;
}

/** Opens the log; undefined when it is off. Throws an Error that names the file it cannot open. */
export function openAccessLog(target: AccessLogTarget): RequestLog | undefined {
  if (target === 'off') return undefined;
  if (typeof target === 'object' && 'write' in target) return toSink(target);
  const log = createAccessLog(target);
  return {
    write: (end, route) => log.writeMembers(membersOf(end, route)),
    reopen: () => log.reopen(),
    close: () => log.close(),
  };
}

function toSink(sink: LineSink): RequestLog {
  return {
    write(end, route) {
      if (sink.writableNeedDrain) return;
      sink.write(
        `{"log":"access","time":"${new Date().toISOString()}",${membersOf(end, route)}}\n`,
      );
    },
    reopen() {},
    async close() {},
  };
}

/** The edge's log has the same names for what is the same. */
function membersOf(end: ScopeEnd, route: string | undefined): string {
  const { scope, status, sentBytes, durationMs, outcome } = end;
  const { requestId, trace, peer, forwardedFor } = scope;
  // Put together by hand: to serialise an object costs several times as much.
  return (
    `"id":${quoted(requestId)},"trace":"${trace.traceId}"` +
    (peer === undefined ? '' : `,"peer":${quoted(peer)}`) +
    (forwardedFor === undefined ? '' : `,"forwardedFor":${quoted(forwardedFor)}`) +
    `,"method":${quoted(scope.request.method)},"path":${quoted(scope.sentPath)}` +
    (route === undefined ? '' : `,"route":${quoted(route)}`) +
    `,"status":${status}` +
    (sentBytes === undefined ? '' : `,"bytes":${sentBytes}`) +
    `,"durationMs":${Math.round(durationMs * 1000) / 1000},"outcome":${quoted(outcome)}`
  );
}

const toBeEscaped = /[^\x20\x21\x23-\x5b\x5d-\x7e]/;
const allToBeEscaped = new RegExp(toBeEscaped, 'g');

/** A JSON string in ASCII. */
function quoted(text: string): string {
  return toBeEscaped.test(text) ? `"${text.replace(allToBeEscaped, escaped)}"` : `"${text}"`;
}

function escaped(char: string): string {
  return `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
