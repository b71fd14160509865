/** The request behind a flight: as a client's, but what answers it is for several. */
import type { FieldLines } from '@headgate/http1';
import { formatTraceparent } from '@headgate/telemetry';
import type { AttemptListener, AttemptOrder, Cancellable, Carrier } from '../carrier.ts';
import type { FailureKind } from '../errors.ts';
import { Attempt, type Downstream, type PreparedRequest } from '../exchange.ts';
import type { Client, Peer } from '../forwarded.ts';
import { type RequestRecord, traceOf } from '../request.ts';
import { type Validators, validationLines } from './conditional.ts';
import { fillRequestLines } from './fill-lines.ts';
import { freezeFields } from './frozen-fields.ts';
import { keyedQuery, normalHost } from './key.ts';
import type { KeyRules } from './policy.ts';

/** What comes back: the answer as bytes, and how it ended. */
export interface Filled extends Downstream {
  finished(record: RequestRecord): void;
}

/** Made while the client's request is still there to be read. */
export interface Fill {
  readonly record: RequestRecord;
  readonly carrier: Carrier;
  /**
   * The request; made when it is known what is to be validated. Its time counts from `nowMs`, on the
   * monotonic clock: the one it is made for may have waited before.
   */
  request(stored: Validators | undefined, nowMs: number): PreparedRequest;
  cancel(kind: FailureKind, detail: string): void;
}

/** A fill for the request of `leader`, whose own deadline and conditions do not bind others. */
export function createFill(
  leader: RequestRecord,
  leaderCarrier: Carrier,
  rules: KeyRules,
  filled: Filled,
): Fill {
  const record: RequestRecord & { startedMs: number } = {
    ...leader,
    trace: traceOf(leader),
    client: clientOf(leader, leaderCarrier.peer),
    method: 'GET',
    fields: freezeFields(leader.fields),
    deadlineMs: Number.POSITIVE_INFINITY,
    stopwatch: undefined,
    upstream: undefined,
    attempts: 0,
    cached: undefined,
    status: 0,
    failure: undefined,
    error: undefined,
  };
  const carrier = new FillCarrier(record, leaderCarrier, filled);
  return {
    record,
    carrier,
    cancel: (kind, detail) => carrier.life?.cancel(kind, detail),
    request(stored, nowMs) {
      record.startedMs = nowMs;
      return prepareFill(record, rules, stored);
    },
  };
}

/** As the key has the host, so have upstreams: they may repeat it in their answers. */
function clientOf({ client, host, fields, snapshot }: RequestRecord, peer: Peer): Client {
  const normal = normalHost(host, client.proto);
  return normal === host ? client : peer.identify(normal, fields, snapshot.trustedProxies);
}

function prepareFill(
  record: RequestRecord,
  rules: KeyRules,
  stored: Validators | undefined,
): PreparedRequest {
  const idLine = `x-request-id: ${record.id}\r\n` as FieldLines;
  const lines =
    record.client.lines +
    fillRequestLines(record.fields, rules) +
    idLine +
    `traceparent: ${formatTraceparent(traceOf(record))}\r\n` +
    (stored ? validationLines(stored) : '');
  return {
    id: record.id,
    idLine,
    method: 'GET',
    // What is no part of the key must have no part in the answer.
    target: record.path + keyedQuery(record.query, rules),
    lines: lines as FieldLines,
    framing: 'none',
    body: undefined,
  };
}

class FillCarrier implements Carrier {
  readonly peer;
  readonly body = undefined;
  readonly extraLines = undefined;
  readonly writer = undefined;
  readonly canHedge = true;
  life: Cancellable | undefined;
  readonly #record: RequestRecord;
  readonly #authority: string;
  readonly #filled: Filled;

  constructor(record: RequestRecord, leader: Carrier, filled: Filled) {
    this.peer = leader.peer;
    this.#authority = record.host;
    this.#record = record;
    this.#filled = filled;
  }

  localAuthority(): string {
    return this.#authority;
  }

  attend(life: Cancellable): void {
    this.life = life;
  }

  attempt(order: AttemptOrder, listener: AttemptListener): Attempt {
    const attempt = new Attempt(order, this.#filled, listener);
    attempt.start();
    return attempt;
  }

  refuse(): void {
    // Those who wait are told when it is finished; the record says why.
  }

  finished(): void {
    this.life = undefined;
    this.#filled.finished(this.#record);
  }
}
