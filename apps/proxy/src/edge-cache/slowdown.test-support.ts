/** Whether work that a stranger sets grows faster than its size. */

const SIZE = 2_000;
const FACTOR = 8;
const RUNS = 9;

/** How many times longer `work` takes for 8 times the size: 8 when it is linear, 64 when quadratic. */
export function slowdown(work: (size: number) => void): number {
  return fastestMs(() => work(SIZE * FACTOR)) / fastestMs(() => work(SIZE));
}

function fastestMs(work: () => void): number {
  let fastest = Number.POSITIVE_INFINITY;
  for (let run = 0; run < RUNS; run++) {
    const startedMs = performance.now();
    work();
    fastest = Math.min(fastest, performance.now() - startedMs);
  }
  return fastest;
}
