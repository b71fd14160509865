/**
 * What is known of one name, answer by answer. A failure of the server says nothing of the name, so
 * what was known stays; a name that is gone is believed after a while.
 */

/** What asking once came to. */
export type Answer<T> =
  | {
      readonly kind: 'found';
      readonly records: readonly T[];
      /** How long the records say they are good for; undefined when nobody said. */
      readonly ttlMs: number | undefined;
    }
  /** The server said that there is no such name, or nothing of this kind. */
  | { readonly kind: 'gone'; readonly reason: string }
  /** Nobody knows: no answer, or a server in trouble. */
  | { readonly kind: 'failed'; readonly reason: string };

/** Everything learnt of one name so far. */
export interface Known<T> {
  /** Somebody was asked at least once, with whatever result. */
  readonly hasAnswered: boolean;
  /** In an order of their own, whatever the order of the answers. */
  readonly records: readonly T[];
  readonly ttlMs: number | undefined;
  /** Since when the server says that there are none; undefined while it has some. */
  readonly goneSinceMs: number | undefined;
  /** Answers in a row that brought nothing. */
  readonly setbacks: number;
  /** Why the last one brought nothing; undefined when it did. */
  readonly reason: string | undefined;
}

/** What decides how long things are believed, in milliseconds. */
export interface Lifetimes {
  readonly minTtl: number;
  readonly maxTtl: number;
  readonly hold: number;
}

export const nothingKnown: Known<never> = {
  hasAnswered: false,
  records: [],
  ttlMs: undefined,
  goneSinceMs: undefined,
  setbacks: 0,
  reason: undefined,
};

/** What is known after `answer`, which came at `nowMs`. */
export function learn<T>(
  before: Known<T>,
  answer: Answer<T>,
  { hold }: Lifetimes,
  nowMs: number,
): Known<T> {
  if (answer.kind === 'found') {
    const { ttlMs } = answer;
    const records = inOrder(answer.records);
    return { ...nothingKnown, hasAnswered: true, records, ttlMs };
  }
  const { reason } = answer;
  const next = { ...before, hasAnswered: true, setbacks: before.setbacks + 1, reason };
  if (answer.kind === 'failed') return next;
  const goneSinceMs = before.goneSinceMs ?? nowMs;
  const isOver = nowMs - goneSinceMs >= hold;
  return { ...next, goneSinceMs, records: isOver ? [] : before.records };
}

/**
 * How long to wait before asking again, ±10 % so that many who began together drift apart. After
 * failures sooner than the records' time, and less and less often.
 */
export function nextDelayMs(
  known: Known<unknown>,
  { minTtl, maxTtl, hold }: Lifetimes,
  nowMs: number,
  random: () => number,
): number {
  const { setbacks, goneSinceMs, records, ttlMs = minTtl } = known;
  const jitter = 0.9 + 0.2 * random();
  if (setbacks === 0) return Math.min(maxTtl, Math.max(minTtl, ttlMs)) * jitter;
  const delayMs = Math.min(maxTtl, minTtl * 2 ** (setbacks - 1)) * jitter;
  if (goneSinceMs === undefined || records.length === 0) return delayMs;
  const heldMs = goneSinceMs + hold - nowMs;
  return heldMs > 0 ? Math.min(delayMs, heldMs) : delayMs;
}

/** True when the answers differ only in how long they are good for. */
export function hasSameRecords<T>(a: Known<T>, b: Known<T>): boolean {
  return JSON.stringify(a.records) === JSON.stringify(b.records);
}

/** Each record once, sorted; servers rotate them. */
function inOrder<T>(records: readonly T[]): T[] {
  const byText = new Map(records.map((record) => [JSON.stringify(record), record]));
  return [...byText].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, record]) => record);
}
