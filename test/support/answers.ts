/** What a client makes of everything that has arrived on one connection. */
import { takeChunked } from './chunked-body.ts';
import { declaredFraming, type Head, parseHead, takeBody, valuesOf } from './http-message.ts';

export interface Answer {
  readonly status: number;
  readonly head: Head;
  readonly body: Buffer;
  readonly trailers: readonly (readonly [name: string, value: string])[];
}

export interface Answers {
  /** Those that look complete, in order. One framed by the end of the connection does. */
  readonly whole: readonly Answer[];
  /** Interim answers (1xx), in order. */
  readonly interim: readonly Answer[];
  /** The bytes of one that is visibly broken off; empty where there is none. */
  readonly broken: Buffer;
}

/** Reads `bytes` up to the end of the connection as answers to `method`; throws at anything else. */
export function readAnswers(bytes: Buffer, method = 'GET'): Answers {
  const whole: Answer[] = [];
  const interim: Answer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    assertBeginsAnswer(rest);
    const head = parseHead(rest);
    const found = head && takeAnswer(head, rest.subarray(head.sizeBytes), method);
    if (!found) break;
    (found.answer.status < 200 ? interim : whole).push(found.answer);
    rest = rest.subarray(head.sizeBytes + found.sizeBytes);
  }
  return { whole, interim, broken: rest };
}

function takeAnswer(
  head: Head,
  rest: Buffer,
  method: string,
): { answer: Answer; sizeBytes: number } | undefined {
  const status = Number(head.startLine.slice(9, 12));
  const hasBody = method !== 'HEAD' && status >= 200 && status !== 204 && status !== 304;
  const framing = (hasBody ? declaredFraming(head) : { kind: 'none' as const }) ?? {
    kind: 'close' as const,
  };
  const taken = framing.kind === 'chunked' ? takeChunked(rest) : takeBody(rest, framing, true);
  if (!taken) return undefined;
  const trailers = 'trailers' in taken ? (taken as { trailers: Answer['trailers'] }).trailers : [];
  return { answer: { status, head, body: taken.body, trailers }, sizeBytes: taken.sizeBytes };
}

/** A broken answer still begins like one: stray bytes are never taken for it. */
function assertBeginsAnswer(bytes: Buffer): void {
  const start = bytes.toString('latin1', 0, 13);
  const pattern = 'HTTP/1.1 ddd ';
  const isAnswer = [...start].every((char, i) =>
    pattern[i] === 'd' ? /\d/.test(char) : char === pattern[i],
  );
  if (!isAnswer) throw new Error(`not an answer: ${shown(bytes)}`);
}

/** Throws unless this is a 200 with exactly this body, the way a strict origin answers. */
export function assertAnswered(answer: Answer | undefined, text: string): void {
  if (!answer) throw new Error(`there is no answer ${shown(text)}`);
  const found = answer.body.toString('latin1');
  if (answer.status !== 200 || found !== text) {
    throw new Error(`answered ${answer.status} ${shown(found)}, not ${shown(text)}`);
  }
}

/** Throws unless this is a problem page (RFC 9457) with `status` that says the connection ends. */
export function assertClosingPage(answer: Answer, status: number): void {
  const { head, body } = answer;
  const type = valuesOf(head, 'content-type').join();
  if (answer.status !== status) throw new Error(`answered ${answer.status}: ${shown(body)}`);
  if (type !== 'application/problem+json') throw new Error(`the page is of type ${type}`);
  const problem = JSON.parse(body.toString()) as { status: number };
  if (problem.status !== status) throw new Error(`the page says ${problem.status}`);
  const connection = valuesOf(head, 'connection').join();
  if (connection.toLowerCase() !== 'close')
    throw new Error(`the page has Connection: ${connection}`);
}

/** The start of some bytes, for messages. */
export function shown(bytes: Buffer | string): string {
  const text = typeof bytes === 'string' ? bytes : bytes.toString('latin1', 0, 200);
  return JSON.stringify(text.length > 120 ? `${text.slice(0, 120)}…` : text);
}
