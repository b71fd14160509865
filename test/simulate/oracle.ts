/** Bounds: what one queue in front of all workers would reach, which no balancer can beat. */

/** Probability that a request has to wait in M/M/k, by the recursion of Erlang B. */
export function erlangC(workers: number, offeredLoad: number): number {
  let blocked = 1;
  for (let i = 1; i <= workers; i++)
    blocked = (offeredLoad * blocked) / (i + offeredLoad * blocked);
  return (workers * blocked) / (workers - offeredLoad * (1 - blocked));
}

/**
 * The latency in milliseconds that `share` of the requests do not exceed in M/M/k: exponential
 * service of `meanMs`, `ratePerSecond` requests. Throws a RangeError when the workers do not suffice.
 */
export function centralQueuePercentile(
  share: number,
  workers: number,
  ratePerSecond: number,
  meanMs: number,
): number {
  const mu = 1 / meanMs;
  const lambda = ratePerSecond / 1_000;
  const spare = workers * mu - lambda;
  if (spare <= 0) {
    throw new RangeError(
      `${workers} workers of ${1_000 / meanMs}/s cannot serve ${ratePerSecond}/s`,
    );
  }
  const waits = erlangC(workers, lambda / mu);
  const exceeds = (t: number) =>
    (1 - waits) * Math.exp(-mu * t) +
    (waits * (spare * Math.exp(-mu * t) - mu * Math.exp(-spare * t))) / (spare - mu);
  let low = 0;
  let high = 1;
  while (exceeds(high) > 1 - share) high *= 2;
  for (let i = 0; i < 60; i++) {
    const middle = (low + high) / 2;
    if (exceeds(middle) > 1 - share) low = middle;
    else high = middle;
  }
  return high;
}

/** Latencies in milliseconds of the same requests in one queue, first come first served. */
export function centralQueue(
  arrivalMs: Float64Array,
  workOf: (request: number) => number,
  workers: number,
): Float64Array {
  const latencies = new Float64Array(arrivalMs.length);
  /** When each worker is free: a heap, the first to be free first. */
  const freeMs = new Float64Array(workers);
  for (let i = 0; i < arrivalMs.length; i++) {
    const at = arrivalMs[i] as number;
    const end = Math.max(at, freeMs[0] as number) + workOf(i);
    latencies[i] = end - at;
    sink(freeMs, end);
  }
  return latencies;
}

/** Puts `value` in the place of the least one of the heap. */
function sink(heap: Float64Array, value: number): void {
  let at = 0;
  for (;;) {
    let child = 2 * at + 1;
    if (child >= heap.length) break;
    if (child + 1 < heap.length && (heap[child + 1] as number) < (heap[child] as number)) child++;
    if ((heap[child] as number) >= value) break;
    heap[at] = heap[child] as number;
    at = child;
  }
  heap[at] = value;
}
