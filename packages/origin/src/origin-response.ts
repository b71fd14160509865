// Owns what every answer on the wire says of its request, and how its end is noticed.
import {
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  ServerResponse,
  STATUS_CODES,
} from 'node:http';
import type { Socket } from 'node:net';
import type { AnswerEnd, OpenScope } from './open-scope.ts';
import { problemFields, problemText } from './problem.ts';
import { problemOf } from './problem-answers.ts';

type Fields = OutgoingHttpHeaders | OutgoingHttpHeader[];

/**
 * The response of an origin's server. Its head gets `x-request-id`, `headgate-load` and, where the
 * connection is given up, `connection: close` as it is written, which is far cheaper than fields
 * that are set before; and its end is the end of the request's scope.
 */
export class OriginResponse<R extends IncomingMessage = IncomingMessage> extends ServerResponse<R> {
  /** Whose answer this is; undefined while the request has not come to the app. */
  scope: OpenScope | undefined = undefined;

  /** From now on this is the answer of `scope`. */
  answers(scope: OpenScope): void {
    this.scope = scope;
    this.on('close', endScope);
  }

  /** Bytes of the body that were sent; undefined where nobody counts them. */
  get sentBytes(): number | undefined {
    return undefined;
  }

  /** Its turn on the connection has come. */
  override assignSocket(socket: Socket): void {
    // Node would send what there is of an answer that broke off before, and wait for its end.
    if (this.destroyed) socket.destroy();
    else super.assignSocket(socket);
  }

  override writeHead(status: number, reason?: string | Fields, fields?: Fields): this {
    const { scope } = this;
    if (scope === undefined || this.headersSent) {
      return super.writeHead(status, reason as string, fields);
    }
    const isClosing = scope.closesConnection();
    try {
      if (typeof reason === 'object' && !Array.isArray(reason)) {
        // An answer that is handed on from elsewhere may tell the load of others.
        const all = { 'x-request-id': scope.requestId, ...reason, 'headgate-load': scope.load };
        if (isClosing) all.connection = 'close';
        return super.writeHead(status, all);
      }
      this.setHeader('x-request-id', scope.requestId);
      this.setHeader('headgate-load', scope.load);
      if (isClosing) this.setHeader('connection', 'close');
      return super.writeHead(status, reason as string, fields);
    } catch (error) {
      return this.#answerInstead(error, scope, isClosing);
    }
  }

  /**
   * The status or the fields that a handler has given cannot be sent. Nothing of them is out yet, so
   * there is another answer; what the handler would write after it is for nobody.
   */
  #answerInstead(error: unknown, scope: OpenScope, isClosing: boolean): this {
    const problem = problemOf(error, scope);
    scope.problemKind = problem.kind;
    const text = problemText(problem, scope.requestId);
    for (const name of this.getHeaderNames()) this.removeHeader(name);
    const all: OutgoingHttpHeaders = {
      'x-request-id': scope.requestId,
      'headgate-load': scope.load,
      ...problemFields(problem),
      'content-length': Buffer.byteLength(text),
    };
    if (isClosing) all.connection = 'close';
    // Node keeps the reason of an earlier status.
    super.writeHead(problem.status, STATUS_CODES[problem.status] ?? 'Error', all);
    this.end(text);
    this.write = () => true;
    this.end = () => this;
    return this;
  }
}

function endScope(this: OriginResponse): void {
  const status = this.headersSent ? this.statusCode : undefined;
  this.scope?.end(status, howEnded(this), this.sentBytes);
}

function howEnded(response: OriginResponse): AnswerEnd {
  // A client that leaves is an error of those responses only that still waited for the connection.
  const wasWaiting = response.socket === null && response.req.socket.destroyed;
  if (response.errored !== null && !wasWaiting) return 'broken-off';
  const isWhole = response.writableFinished && response.req.errored === null;
  return isWhole ? 'answered' : 'client-gone';
}
