/** What the server tells the page, one server-sent event each, as JSON. */
import type { RunEvent, RunHeader } from '../live-run.ts';
import type { RunResult } from '../result.ts';

/** A result without its seconds, which the page has been told already. */
export type RunSummary = Omit<RunResult, 'slices'>;

export type PageEvent =
  /** Everything begins anew: what was told before is told again. */
  | { readonly kind: 'header'; readonly header: RunHeader }
  | Exclude<RunEvent, { readonly kind: 'end' }>
  | { readonly kind: 'end'; readonly result: RunSummary };
