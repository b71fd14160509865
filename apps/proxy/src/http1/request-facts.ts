/** What the edge makes of a request's head, or of its not being one. */
import type { Refusal, RequestHead } from '@headgate/http1';
import type { FailureKind } from '../errors.ts';

/** An upgrade to WebSocket (RFC 6455 §4.1), as far as the edge has to know. */
export function isWebSocketUpgrade(head: RequestHead): boolean {
  return (
    head.upgrade !== undefined &&
    head.method === 'GET' &&
    head.framing === 'none' &&
    head.upgrade.toLowerCase() === 'websocket'
  );
}

/** What a client is told about a message that is not taken; see docs/decisions/0008. */
export function kindOfRefusal(refusal: Refusal): FailureKind {
  if (refusal.status === 431) return 'head-too-large';
  return refusal.status === 414 ? 'target-too-long' : 'bad-request';
}
