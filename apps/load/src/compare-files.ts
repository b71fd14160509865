/** `headgate-load compare`: results from files in, a table and a verdict out. */
import { compareResults } from './compare.ts';
import { formatComparison } from './compare-text.ts';
import { readResult } from './result-file.ts';

export interface FilesToCompare {
  /** One or more results of each side. */
  readonly base: readonly string[];
  readonly next: readonly string[];
  readonly maxRegression: number;
}

/** Rejects for files that hold no result, and results that do not compare. */
export async function compareFiles({ base, next, maxRegression }: FilesToCompare) {
  const before = await Promise.all(base.map(readResult));
  const after = await Promise.all(next.map(readResult));
  const comparison = compareResults(before, after, { maxRegression, confidence: 0.95, seed: 1 });
  return { text: formatComparison(comparison), hasRegressed: comparison.hasRegressed };
}
