/** What goes wrong with one origin, and when: milliseconds from its first request. */

export type Fault =
  /** Requests begun meanwhile take `factor` times as long. */
  | {
      readonly kind: 'slow';
      readonly fromMs: number;
      readonly toMs: number;
      readonly factor: number;
    }
  /** This share of the requests is answered 500 at once. */
  | {
      readonly kind: 'fail';
      readonly fromMs: number;
      readonly toMs: number;
      readonly share: number;
    }
  /** No worker does anything. */
  | { readonly kind: 'pause'; readonly fromMs: number; readonly toMs: number }
  /** It drains, is gone, and comes back. */
  | { readonly kind: 'down'; readonly fromMs: number; readonly toMs: number };

/** How many times as long a request takes that is begun now. */
export function slowdownAt(faults: readonly Fault[], nowMs: number): number {
  let factor = 1;
  for (const fault of faults) {
    if (fault.kind === 'slow' && isOn(fault, nowMs)) factor *= fault.factor;
  }
  return factor;
}

/** The share of requests that fail now, 0 to 1. */
export function failShareAt(faults: readonly Fault[], nowMs: number): number {
  let share = 0;
  for (const fault of faults) {
    if (fault.kind === 'fail' && isOn(fault, nowMs)) share = Math.max(share, fault.share);
  }
  return share;
}

/** When work of `workMs` begun at `startMs` is done; pauses are in order and do not overlap. */
export function doneMs(faults: readonly Fault[], startMs: number, workMs: number): number {
  let endMs = startMs + workMs;
  for (const fault of faults) {
    if (fault.kind !== 'pause' || fault.toMs <= startMs) continue;
    if (fault.fromMs >= endMs) break;
    endMs += fault.toMs - Math.max(fault.fromMs, startMs);
  }
  return endMs;
}

function isOn(fault: Fault, nowMs: number): boolean {
  return fault.fromMs <= nowMs && nowMs < fault.toMs;
}
