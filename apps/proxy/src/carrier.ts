/** What the nine stages know of the client's side, whatever protocol it speaks. */
import type { FieldLines, RequestHead } from '@headgate/http1';
import type { ErrorPage, FailureKind, Outcome } from './errors.ts';
import type { PreparedRequest, RequestBody } from './exchange.ts';
import type { Peer } from './forwarded.ts';
import type { ServiceRuntime, UpstreamRuntime } from './snapshot.ts';

/** What the stages look at; valid until `Carrier.finished`. */
export type IncomingHead = Pick<
  RequestHead,
  'method' | 'target' | 'authority' | 'fields' | 'framing' | 'contentLength'
>;

/** How attempts and error pages travel for one kind of downstream exchange. */
export interface Carrier {
  readonly peer: Peer;
  /** The client's body; undefined when the request has none. */
  readonly body: RequestBody | undefined;
  /** Fields only this kind of exchange sends upstream (an upgrade's own handshake). */
  readonly extraLines: FieldLines | undefined;
  /** The address the request came in on, for requests that name no host. */
  localAuthority(): string;
  /** Calls `settle` exactly once, possibly before it returns. */
  attempt(
    request: PreparedRequest,
    upstream: UpstreamRuntime,
    service: ServiceRuntime,
    settle: (outcome: Outcome) => void,
  ): RunningAttempt;
  refuse(page: ErrorPage): void;
  /** The request is over: answered, refused or broken off. */
  finished(): void;
}

/** An attempt under way. */
export interface RunningAttempt {
  /** Ends it, if it has not ended yet, with this outcome. */
  cancel(kind: FailureKind, detail: string): void;
}
