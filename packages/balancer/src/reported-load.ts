/** What an upstream says is in flight there, less what this proxy has there itself. */

/** What was reported fades toward what is usual in the fleet with this time constant. */
const TAU_MS = 300;

/** A report older than this says nothing any more, in milliseconds. */
const EXPIRED_MS = 1_000;

/** The latest report of one upstream. */
export class ReportedLoad {
  /** What others had in flight at the latest report. */
  othersInFlight = 0;
  /** The clock at the latest report; -Infinity before the first. */
  reportedMs = Number.NEGATIVE_INFINITY;

  /** Takes a report: all in flight there, and what of that was this proxy's own at that time. */
  report(total: number, ownInFlight: number, nowMs: number): void {
    // Some of the own ones may not have arrived there yet.
    this.othersInFlight = Math.max(0, total - ownInFlight);
    this.reportedMs = nowMs;
  }

  /**
   * What others have in flight there by now, probably. The older the report, the more it is
   * `fleetMean`, the mean of what others have in flight at the upstreams that did report; that too
   * is what is assumed of an upstream that never has.
   */
  others(nowMs: number, fleetMean: number): number {
    const ageMs = nowMs - this.reportedMs;
    if (ageMs > EXPIRED_MS) return fleetMean;
    return fleetMean + (this.othersInFlight - fleetMean) * Math.exp(-ageMs / TAU_MS);
  }
}

const MOST_LOAD = 1_000_000;

/** The value of `headgate-load`: a whole number of requests up to a million; undefined otherwise. */
export function parseLoad(value: string): number | undefined {
  if (!/^\d{1,7}$/.test(value)) return undefined;
  const load = Number(value);
  return load <= MOST_LOAD ? load : undefined;
}
