// Owns what every answer on the wire says of its request, and how its end is noticed.
import {
  type IncomingMessage,
  type OutgoingHttpHeader,
  type OutgoingHttpHeaders,
  ServerResponse,
} from 'node:http';
import type { OpenScope } from './open-scope.ts';

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

  override writeHead(status: number, reason?: string | Fields, fields?: Fields): this {
    const { scope } = this;
    if (scope === undefined || this.headersSent) {
      return super.writeHead(status, reason as string, fields);
    }
    if (typeof reason === 'object' && !Array.isArray(reason)) {
      const all: OutgoingHttpHeaders = {
        'x-request-id': scope.requestId,
        'headgate-load': scope.load,
        ...reason,
      };
      if (scope.closesConnection()) all.connection = 'close';
      return super.writeHead(status, all);
    }
    this.setHeader('x-request-id', scope.requestId);
    this.setHeader('headgate-load', scope.load);
    if (scope.closesConnection()) this.setHeader('connection', 'close');
    return super.writeHead(status, reason as string, fields);
  }
}

function endScope(this: OriginResponse): void {
  const isClientGone = !this.writableFinished || this.req.errored !== null;
  const status = this.headersSent ? this.statusCode : undefined;
  this.scope?.end(status, isClientGone, this.sentBytes);
}
