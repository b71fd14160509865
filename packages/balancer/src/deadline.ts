/** How long a client still waits, as it says so itself, and whether that is worth a try. */

/**
 * True when an answer will hardly be in time: less is left than even the fastest upstream usually
 * takes (its median latency, in milliseconds; 0 when unknown, and then nothing is refused).
 */
export function isTooShort(remainingMs: number, fastestLatencyMs: number): boolean {
  return fastestLatencyMs > 0 && remainingMs < fastestLatencyMs;
}

/** The value of `headgate-deadline-ms`: whole milliseconds; undefined for anything else. */
export function parseDeadlineMs(value: string | undefined): number | undefined {
  return value !== undefined && /^\d{1,9}$/.test(value) ? Number(value) : undefined;
}

const msPerGrpcUnit: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
};

const grpcUnitsPerMs: Readonly<Record<string, number>> = { u: 1_000, n: 1_000_000 };

/**
 * The value of `grpc-timeout` (up to 8 digits and one of H M S m u n) in milliseconds, rounded up;
 * undefined for anything else. 0, which the specification leaves out, is sent and means 0.
 */
export function parseGrpcTimeoutMs(value: string | undefined): number | undefined {
  const match = value === undefined ? null : /^(\d{1,8})([HMSmun])$/.exec(value);
  if (!match) return undefined;
  const [, digits, unit = ''] = match;
  const perMs = grpcUnitsPerMs[unit] ?? 1;
  return Math.ceil((Number(digits) * (msPerGrpcUnit[unit] ?? 1)) / perMs);
}
