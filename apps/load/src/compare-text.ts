import type { Comparison, ComparisonRow } from './compare.ts';
import { durationText, rateText, shareText } from './quantity-text.ts';
import { alignTable } from './text-table.ts';

/** The comparison as a table, with what to know about it before and after. */
export function formatComparison(comparison: Comparison): string {
  const { options, rows, warnings, notes, baseRuns, nextRuns } = comparison;
  const percent = shareText(options.confidence);
  const head = ['', 'base', 'next', 'change', `${percent} interval`, ''];
  const cells: string[][] = [head];
  let series: string | null | undefined;
  for (const row of rows) {
    if (row.series !== series) cells.push([row.series ?? 'all flows']);
    series = row.series;
    cells.push(cellsOf(row));
  }
  return [
    ...warnings.map((warning) => `WARNING: ${warning}`),
    ...(warnings.length > 0 ? [''] : []),
    `${countRuns(baseRuns)} of base, ${countRuns(nextRuns)} of next; change is next : base, of errors next - base`,
    '',
    ...alignTable(cells),
    '',
    ...notes,
    conclusion(comparison),
  ].join('\n');
}

function cellsOf({ metric, base, next, change, interval, verdict }: ComparisonRow): string[] {
  const [show, showChange] =
    metric === 'errors'
      ? [shareText, pointsText]
      : [metric === 'rate' ? rateText : durationText, ratioText];
  const range = interval ? `${showChange(interval.low)} … ${showChange(interval.high)}` : '–';
  return [`  ${metric}`, show(base), show(next), showChange(change), range, verdict ?? '–'];
}

function ratioText(ratio: number): string {
  return Number.isFinite(ratio) ? ratio.toFixed(3) : '–';
}

/** Difference of two shares, in percentage points. */
function pointsText(difference: number): string {
  if (!Number.isFinite(difference)) return '–';
  const points = Number((difference * 100).toPrecision(2));
  return `${points > 0 ? '+' : ''}${points} pt`;
}

function countRuns(count: number): string {
  return count === 1 ? '1 run' : `${count} runs`;
}

function conclusion({ rows, options, hasRegressed }: Comparison): string {
  const tolerated = `${shareText(options.maxRegression)} is tolerated`;
  const ofAll = rows.filter(({ series }) => series === null);
  const named = (verdict: ComparisonRow['verdict']) =>
    ofAll.filter((row) => row.verdict === verdict).map(({ metric }) => metric);
  if (hasRegressed) return `✗ regressed: ${named('regressed').join(', ')} (${tolerated})`;
  const unclear = named('unclear');
  const rest = unclear.length > 0 ? `; unclear: ${unclear.join(', ')}` : '';
  return `✓ no regression found (${tolerated})${rest}`;
}
