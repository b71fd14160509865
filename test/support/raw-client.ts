/** A client on a bare socket: sends exactly the bytes it is given and shows what came back. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { soon } from './eventually.ts';
import {
  declaredFraming,
  type Framing,
  type Head,
  parseHead,
  takeBody,
  valuesOf,
} from './http-message.ts';

export interface RawResponse {
  readonly status: number;
  readonly reason: string;
  readonly head: Head;
  readonly framing: Framing['kind'];
  readonly body: Buffer;
  /** The body as text. */
  readonly text: string;
  /** The only value of a field; undefined when it is absent, and an error when it is repeated. */
  header(name: string): string | undefined;
}

/** Opens a connection to a port of this machine; disposing of it resets what is still open. */
export async function openClient(port: number): Promise<RawClient> {
  const socket = connect({ port, host: '127.0.0.1', noDelay: true, allowHalfOpen: true });
  await once(socket, 'connect');
  return new RawClient(socket);
}

/** Throws unless connecting to this port is refused. */
export async function assertRefused(port: number): Promise<void> {
  await assert.rejects(
    async () => {
      await using _accepted = await openClient(port);
    },
    { code: 'ECONNREFUSED' },
  );
}

/** One request on a connection of its own, and its answer, behind any interim ones. */
export async function exchangeOnce(port: number, request: string): Promise<RawResponse> {
  await using client = await openClient(port);
  client.send(request);
  for (;;) {
    const response = await client.response(request.startsWith('HEAD ') ? 'HEAD' : undefined);
    if (response.status >= 200) return response;
  }
}

/** A plain GET on a connection of its own; `fields` are whole lines. */
export function get(port: number, path = '/', ...fields: string[]): Promise<RawResponse> {
  return exchangeOnce(port, getText(path, ...fields));
}

/** The bytes of a plain GET. */
export function getText(path = '/', ...fields: string[]): string {
  return [`GET ${path} HTTP/1.1`, 'Host: edge.test', ...fields, '', ''].join('\r\n');
}

export class RawClient implements AsyncDisposable {
  readonly socket: Socket;
  /** The edge has ended its side. */
  isEnded = false;
  isClosed = false;
  private chunks: Buffer[] = [];
  private wake: () => void = () => {};

  constructor(socket: Socket) {
    this.socket = socket;
    socket.on('data', (chunk: Buffer) => {
      this.chunks.push(chunk);
      this.wake();
    });
    socket.on('end', () => {
      this.isEnded = true;
      this.wake();
    });
    socket.on('error', () => {});
    socket.on('close', () => {
      this.isEnded = true;
      this.isClosed = true;
      this.wake();
    });
  }

  /** Everything received and not yet taken by `response` or `take`. */
  get unread(): Buffer {
    if (this.chunks.length !== 1) this.chunks = [Buffer.concat(this.chunks)];
    return this.chunks[0] as Buffer;
  }

  send(bytes: string | Buffer): void {
    this.socket.write(typeof bytes === 'string' ? Buffer.from(bytes, 'latin1') : bytes);
  }

  /** The next whole answer; rejects when the connection ends before the answer is complete. */
  async response(method?: 'HEAD'): Promise<RawResponse> {
    const head = await this.head();
    const framing = framingOf(head, method);
    const whole = await this.until(
      () => takeBody(this.unread.subarray(head.sizeBytes), framing, this.isEnded),
      `the rest of an answer (${head.startLine})`,
    );
    const body = Buffer.from(whole.body);
    this.take(head.sizeBytes + whole.sizeBytes);
    return toResponse(head, framing, body);
  }

  /** The head of the next answer, which stays unread. */
  head(): Promise<Head> {
    return this.until(() => parseHead(this.unread), 'the head of an answer');
  }

  /** Waits until this text has arrived among the unread bytes. */
  async receives(text: string): Promise<void> {
    await this.until(() => this.unread.includes(text, 0, 'latin1') || undefined, text);
  }

  /** Waits until the edge has ended its side or cut the connection. */
  async ended(): Promise<void> {
    await this.until(() => this.isEnded || undefined, 'the end of the connection', true);
  }

  /** Removes bytes from the start of what is unread. */
  take(sizeBytes: number): Buffer {
    const bytes = this.unread;
    this.chunks = [bytes.subarray(sizeBytes)];
    return bytes.subarray(0, sizeBytes);
  }

  /** Cuts the connection with a reset, as a client that vanishes. */
  reset(): void {
    this.socket.resetAndDestroy();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.socket.destroy();
    if (!this.isClosed) await once(this.socket, 'close');
  }

  private async until<T>(
    check: () => T | undefined,
    what: string,
    isEndExpected = false,
  ): Promise<T> {
    for (;;) {
      const found = check();
      if (found !== undefined) return found;
      if (this.isEnded && !isEndExpected) {
        const tail = JSON.stringify(this.unread.subarray(-200).toString('latin1'));
        throw new Error(`the connection ended before ${what}; unread: ${tail}`);
      }
      await soon(
        new Promise<void>((resolve) => {
          this.wake = resolve;
        }),
        what,
      );
    }
  }
}

function framingOf(head: Head, method: 'HEAD' | undefined): Framing {
  const status = statusOf(head);
  if (method === 'HEAD' || status < 200 || status === 204 || status === 304) {
    return { kind: 'none' };
  }
  return declaredFraming(head) ?? { kind: 'close' };
}

function statusOf(head: Head): number {
  const match = /^HTTP\/1\.1 (\d{3}) /.exec(head.startLine);
  if (!match) throw new Error(`not a status line: ${JSON.stringify(head.startLine)}`);
  return Number(match[1]);
}

function toResponse(head: Head, framing: Framing, body: Buffer): RawResponse {
  return {
    status: statusOf(head),
    reason: head.startLine.slice('HTTP/1.1 200 '.length),
    head,
    framing: framing.kind,
    body,
    text: body.toString(),
    header(name) {
      const values = valuesOf(head, name);
      if (values.length > 1) throw new Error(`${name} is repeated: ${values.join(' | ')}`);
      return values[0];
    },
  };
}
