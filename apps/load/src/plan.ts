/** What a run shall do, decided before it starts: all that workers need, as plain data. */
import type { Knot } from './knots.ts';
import type { PlainRequest } from './scenario.ts';

export interface Plan {
  readonly name: string;
  /** Base URL of all requests. */
  readonly target: string;
  /** A file each worker imports, or one request that is made again and again. */
  readonly source:
    | { readonly kind: 'scenario'; readonly file: string }
    | { readonly kind: 'request'; readonly request: PlainRequest }
    /** Users of a WebSocket or of server-sent events. */
    | { readonly kind: 'stream'; readonly protocol: 'websocket' | 'events'; readonly path: string };
  readonly model: Model;
  /** The profile, for people. */
  readonly loadText: string;
  readonly durationMs: number;
  readonly seed: number;
  readonly timeoutMs: number;
  readonly maxInFlight: number;
  readonly workers: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly transport: Transport;
  /** Hosts beyond this machine that may be loaded. */
  readonly ownedHosts: readonly string[];
}

export type Model =
  | { readonly kind: 'open'; readonly knots: readonly Knot[]; readonly spacing: 'poisson' | 'even' }
  | { readonly kind: 'trace'; readonly timesMs: Float64Array }
  | {
      readonly kind: 'users';
      readonly knots: readonly Knot[];
      readonly thinkMs: readonly [number, number];
    }
  /** So many requests kept in flight, or so many connections kept open without one. */
  | { readonly kind: 'hold'; readonly count: number; readonly isIdle: boolean };

/** How requests travel. */
interface Transport {
  readonly http2: boolean;
  /** A connection for each request. */
  readonly isChurning: boolean;
  /** Bytes per second a slow client sends and reads; undefined: as fast as it goes. */
  readonly slowBytesPerS: number | undefined;
  /** Where connections come from, one after the other; empty: the system decides. */
  readonly sourceAddresses: readonly string[];
}
