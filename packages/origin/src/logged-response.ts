// Owns what only the access log wants to know of an answer, so that nobody else pays for it.
import type { IncomingMessage } from 'node:http';
import type { OpenScope } from './open-scope.ts';
import { OriginResponse } from './origin-response.ts';

type Callback = (error?: Error | null) => void;

/** The response of an origin that has an access log. */
export class LoggedResponse<R extends IncomingMessage = IncomingMessage> extends OriginResponse<R> {
  #sentBytes = 0;

  override answers(scope: OpenScope): void {
    super.answers(scope);
    // A socket that is closed no longer knows.
    scope.peer = this.req.socket.remoteAddress;
  }

  override get sentBytes(): number {
    return this.#sentBytes;
  }

  override write(
    chunk: unknown,
    encoding?: BufferEncoding | Callback,
    callback?: Callback,
  ): boolean {
    this.#count(chunk, encoding);
    return super.write(chunk, encoding as BufferEncoding, callback);
  }

  override end(
    chunk?: unknown,
    encoding?: BufferEncoding | (() => void),
    callback?: () => void,
  ): this {
    this.#count(chunk, encoding);
    return super.end(chunk, encoding as BufferEncoding, callback);
  }

  #count(chunk: unknown, encoding: unknown): void {
    // What comes after a cut is sent to nobody.
    if (this.destroyed) return;
    if (chunk instanceof Uint8Array) this.#sentBytes += chunk.byteLength;
    else if (typeof chunk === 'string') {
      const named = typeof encoding === 'string' ? (encoding as BufferEncoding) : undefined;
      this.#sentBytes += Buffer.byteLength(chunk, named);
    }
  }
}
