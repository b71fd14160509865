/** What the requests of one flow share. */
import { RequestFailure } from '../failure.ts';
import type { Recorder, SeriesId } from '../recorder.ts';
import type { TargetGuard } from '../target-guard.ts';
import { timerMs } from './timer-duration.ts';

export interface FlowScopeOptions {
  readonly target: URL;
  /** The name of the flow. */
  readonly series: string;
  readonly recorder: Recorder;
  readonly guard: TargetGuard;
  /** Time limit of each request. */
  readonly timeoutMs: number;
  /** Sent with every request; those of a request replace them. */
  readonly headers: Readonly<Record<string, string>>;
  /** Cuts everything when aborted. */
  readonly signal: AbortSignal;
}

/**
 * When the first request of a run of a flow is due; NaN once it has been made. A pause before it
 * moves it.
 */
export interface Due {
  intendedMs: number;
}

/** Something under way that can end before its time. */
export interface Cuttable {
  cut(): void;
}

/** A path is data of the flow's author: one with ids in it must not fill the memory with series. */
const MAX_STEPS = 200;
const OTHER_STEPS = '(other steps)';

export class FlowScope {
  readonly series: SeriesId;
  readonly recorder: Recorder;
  readonly guard: TargetGuard;
  readonly timeoutMs: number;
  readonly target: URL;
  readonly underWay = new Set<Cuttable>();
  readonly #name: string;
  readonly #headers: Readonly<Record<string, string>>;
  readonly #signal: AbortSignal;
  readonly #steps = new Map<string, SeriesId>();
  readonly #closing = new AbortController();

  /** Throws an Error for a target that load may not go to. */
  constructor({ target, series, recorder, guard, timeoutMs, headers, signal }: FlowScopeOptions) {
    guard.check(target);
    this.target = target;
    this.recorder = recorder;
    this.guard = guard;
    this.timeoutMs = timeoutMs;
    this.series = recorder.series(series, 'scripted');
    this.#name = series;
    this.#headers = lowerCased(headers);
    this.#signal = signal;
    signal.addEventListener('abort', this.#cutAll, { once: true });
  }

  /** Aborted when the scope is closed; every socket hangs on it. */
  get closing(): AbortSignal {
    return this.#closing.signal;
  }

  get isCut(): boolean {
    return this.#signal.aborted || this.#closing.signal.aborted;
  }

  /** The series of a step, by its name. */
  step(name: string): SeriesId {
    const known = this.#steps.get(name);
    if (known !== undefined) return known;
    if (this.#steps.size > MAX_STEPS) return this.step(OTHER_STEPS);
    const isLast = this.#steps.size === MAX_STEPS;
    const series = this.recorder.series(`${this.#name} › ${isLast ? OTHER_STEPS : name}`, 'step');
    this.#steps.set(isLast ? OTHER_STEPS : name, series);
    return series;
  }

  /** The headers of a request, by lower-case name. */
  headersWith(own: Readonly<Record<string, string>> | undefined): Readonly<Record<string, string>> {
    return own === undefined ? this.#headers : { ...this.#headers, ...lowerCased(own) };
  }

  /** Where a request goes. Throws for what is neither a path nor a URL that load may go to. */
  resolve(path: string): { readonly origin: string; readonly path: string } {
    if (path.startsWith('/')) return { origin: this.target.origin, path };
    const url = /^https?:\/\//i.test(path) ? URL.parse(path) : null;
    if (url === null) throw new TypeError(`"${path}" is no path; paths begin with "/"`);
    this.guard.check(url);
    return { origin: url.origin, path: url.pathname + url.search };
  }

  /** A time limit in milliseconds. Throws a TypeError for what is no duration. */
  timeoutOf(text: string | undefined): number {
    if (text === undefined) return this.timeoutMs;
    const timeoutMs = timerMs(text);
    if (timeoutMs !== undefined && timeoutMs > 0) return timeoutMs;
    throw new TypeError(`timeout: a duration such as 250ms, 2s or 1m, not ${JSON.stringify(text)}`);
  }

  /** Rejects what a flow asks for when its run is over. */
  refuse(what: string): Promise<never> {
    // A flow that goes on for ever after a close must come to rest.
    if (this.#closing.signal.aborted) return new Promise(() => {});
    // Not at once: a flow that catches this and tries again would never let anything else happen.
    return new Promise((_, reject) => setImmediate(() => reject(cutFailure(what))));
  }

  /** Cuts what is under way, and closes every socket. */
  close(): void {
    this.#signal.removeEventListener('abort', this.#cutAll);
    this.#cutAll();
    this.#closing.abort();
  }

  readonly #cutAll = (): void => {
    for (const one of this.underWay) one.cut();
    this.underWay.clear();
  };
}

/** When a request that is made now was due. */
export function takeIntended(due: Due, nowMs: number): number {
  const { intendedMs } = due;
  due.intendedMs = Number.NaN;
  return Number.isNaN(intendedMs) ? nowMs : intendedMs;
}

/** `/items?page=2` → `/items`. */
export function withoutQuery(path: string): string {
  const end = path.indexOf('?');
  return end === -1 ? path : path.slice(0, end);
}

export function cutFailure(what: string): RequestFailure {
  return new RequestFailure('cut', `${what} was cut, since the run is over`);
}

function lowerCased(headers: Readonly<Record<string, string>>): Record<string, string> {
  const lower: Record<string, string> = {};
  for (const name in headers) lower[name.toLowerCase()] = headers[name] as string;
  return lower;
}
