/** Runs the parsers over bytes in given pieces and writes down all they report. */
import {
  type Fields,
  type Limits,
  type Refusal,
  type RequestHead,
  RequestParser,
  type ResponseHead,
  ResponseParser,
} from './index.ts';

export type FieldList = [name: string, value: string][];

export interface ParsedMessage {
  startLine: string;
  minorVersion: number;
  fields: FieldList;
  framing: string;
  contentLength: number;
  keepAlive: boolean;
  upgrade: string | undefined;
  endToEnd: string;
  body: string;
  trailers: FieldList;
  isComplete: boolean;
}

export interface Parsed {
  messages: ParsedMessage[];
  refusal: Refusal | undefined;
  /** How many bytes were taken in. */
  consumed: number;
}

/** Parses all requests in `text` cut at `cuts`; goes on after `Connection: close` if told to. */
export function parseRequests(text: string, cuts: readonly number[] = [], limits?: Limits): Parsed {
  const parser = new RequestParser(limits);
  const { parsed, sink } = record();
  feed(text, cuts, (bytes) => {
    let at = 0;
    while (at < bytes.length) {
      const next = parser.execute(bytes, at, bytes.length, sink);
      if (next <= at) throw new Error(`the parser stands still at ${at}`);
      parsed.consumed += next - at;
      at = next;
    }
    // Nothing of the caller's bytes may be needed after the call.
    bytes.fill(0);
  });
  parser.finish(sink);
  return parsed;
}

/** Parses one response with its interim ones; what follows it is not taken in. */
export function parseResponse(
  text: string,
  cuts: readonly number[] = [],
  method = 'GET',
  limits?: Limits,
): Parsed {
  const parser = new ResponseParser(limits);
  const { parsed, sink } = record();
  parser.expect(method);
  feed(text, cuts, (bytes) => {
    if (parser.isIdle) return;
    parsed.consumed += parser.execute(bytes, 0, bytes.length, sink);
    bytes.fill(0);
  });
  parser.finish(sink);
  return parsed;
}

/** Every position between two bytes. */
export function everyCut(text: string): number[] {
  return Array.from({ length: Math.max(0, text.length - 1) }, (_, i) => i + 1);
}

function feed(text: string, cuts: readonly number[], take: (bytes: Buffer) => void): void {
  let from = 0;
  for (const to of [...cuts, text.length]) {
    // Bytes around the piece must not matter either.
    if (to > from) take(Buffer.from(text.slice(from, to), 'latin1'));
    from = to;
  }
}

function record() {
  const parsed: Parsed = { messages: [], refusal: undefined, consumed: 0 };
  const last = () => parsed.messages.at(-1) as ParsedMessage;
  const sink = {
    head(head: RequestHead | ResponseHead) {
      parsed.messages.push(describe(head));
    },
    body(
      bytes: { toString(encoding: 'latin1', from: number, to: number): string },
      from: number,
      to: number,
    ) {
      last().body += bytes.toString('latin1', from, to);
    },
    trailers(fields: Fields) {
      last().trailers = fieldList(fields);
    },
    end() {
      last().isComplete = true;
    },
    refuse(refusal: Refusal) {
      if (parsed.refusal) throw new Error('refused twice');
      parsed.refusal = refusal;
    },
  };
  return { parsed, sink };
}

function describe(head: RequestHead | ResponseHead): ParsedMessage {
  const { minorVersion, framing, contentLength, keepAlive, upgrade, fields } = head;
  const startLine =
    'method' in head ? `${head.method} ${head.target}` : `${head.status} ${head.reason}`;
  return {
    startLine,
    minorVersion,
    fields: fieldList(fields),
    framing,
    contentLength,
    keepAlive,
    upgrade,
    endToEnd: fields.endToEnd(),
    body: '',
    trailers: [],
    isComplete: false,
  };
}

function fieldList(fields: Fields): FieldList {
  return Array.from({ length: fields.count }, (_, i) => [fields.name(i), fields.value(i)]);
}
