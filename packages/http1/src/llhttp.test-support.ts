/** The same bytes through Node's own parser, llhttp, by way of its public server and client. */
import { createServer, type IncomingMessage, request } from 'node:http';
import { Duplex } from 'node:stream';
import { setImmediate } from 'node:timers/promises';
import type { FieldList } from './parsed.test-support.ts';

interface TheirMessage {
  startLine: string;
  fields: FieldList;
  body: string;
  trailers: FieldList;
  isComplete: boolean;
}

export interface Theirs {
  messages: TheirMessage[];
  /** The code of the error that ended it, such as HPE_INVALID_METHOD. */
  error: string | undefined;
}

/** Bytes in, and nothing comes out. */
class Wire extends Duplex {
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: unknown, done: () => void): void {
    done();
  }
}

// Missing Host is the server's rule and not llhttp's; this package has its own.
const server = createServer({ requireHostHeader: false, keepAliveTimeout: 0 });
const results = new WeakMap<object, Theirs>();
for (const event of ['request', 'checkContinue', 'checkExpectation', 'connect'] as const) {
  server.on(event, (message: IncomingMessage) => {
    const startLine = `${message.method} ${message.url}`;
    results.get(message.socket)?.messages.push(collect(message, startLine));
  });
}
server.on('clientError', (error: NodeJS.ErrnoException, socket) => {
  const theirs = results.get(socket);
  if (theirs) theirs.error ??= error.code;
});

/** What llhttp makes of a connection on which a client sends `text` and then ends. */
export async function llhttpRequests(text: string): Promise<Theirs> {
  const wire = new Wire();
  const theirs: Theirs = { messages: [], error: undefined };
  results.set(wire, theirs);
  server.emit('connection', wire);
  await send(wire, text);
  return theirs;
}

/** What llhttp makes of a connection on which a request is answered by `text`, which then ends. */
export async function llhttpResponse(text: string, method = 'GET'): Promise<Theirs> {
  const wire = new Wire();
  const theirs: Theirs = { messages: [], error: undefined };
  const sent = request({ method, createConnection: () => wire });
  for (const event of ['response', 'upgrade', 'connect'] as const) {
    sent.on(event, (message: IncomingMessage) => {
      const startLine = `${message.statusCode} ${message.statusMessage}`;
      theirs.messages.push(collect(message, startLine));
    });
  }
  sent.on('error', (error: NodeJS.ErrnoException) => {
    theirs.error ??= error.code;
  });
  sent.end();
  await setImmediate();
  await send(wire, text);
  return theirs;
}

async function send(wire: Wire, text: string): Promise<void> {
  wire.on('error', () => {});
  wire.push(Buffer.from(text, 'latin1'));
  // The bodies flow first: the end of the connection would cut them off.
  await setImmediate();
  if (!wire.destroyed) wire.push(null);
  await setImmediate();
  wire.destroy();
}

function collect(message: IncomingMessage, startLine: string): TheirMessage {
  const collected: TheirMessage = {
    startLine,
    fields: pairs(message.rawHeaders),
    body: '',
    trailers: [],
    isComplete: false,
  };
  message.setEncoding('latin1');
  message.on('data', (piece: string) => {
    collected.body += piece;
  });
  message.on('end', () => {
    collected.isComplete = message.complete;
    collected.trailers = pairs(message.rawTrailers);
  });
  message.on('error', () => {});
  return collected;
}

function pairs(raw: readonly string[]): FieldList {
  return Array.from({ length: raw.length / 2 }, (_, i) => [
    raw[2 * i] as string,
    raw[2 * i + 1] as string,
  ]);
}
