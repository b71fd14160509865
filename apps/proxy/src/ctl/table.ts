/** Aligned columns for terminals, and the short forms of what stands in them. */

export interface Column {
  readonly title: string;
  /** Numbers are read from the right. */
  readonly isNumber?: boolean;
}

/** One line per row below the titles; columns are as wide as what they have. */
export function formatTable(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
): string[] {
  const lines = [columns.map(({ title }) => title), ...rows];
  const widths = columns.map((_, column) =>
    Math.max(...lines.map((line) => line[column]?.length ?? 0)),
  );
  return lines.map((line) =>
    columns
      .map(({ isNumber }, column) => {
        const [text, width] = [line[column] ?? '', widths[column] ?? 0];
        return isNumber ? text.padStart(width) : text.padEnd(width);
      })
      .join('  ')
      .trimEnd(),
  );
}

const SECOND_MS = 1_000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

/** The two largest units of a span: `2d 3h`, `5m 12s`, `40s`. */
export function formatAge(ageMs: number): string {
  const part = (unitMs: number, within: number) => Math.floor((ageMs % within) / unitMs);
  if (ageMs >= DAY_MS) return `${Math.floor(ageMs / DAY_MS)}d ${part(HOUR_MS, DAY_MS)}h`;
  if (ageMs >= HOUR_MS) return `${part(HOUR_MS, DAY_MS)}h ${part(MINUTE_MS, HOUR_MS)}m`;
  if (ageMs >= MINUTE_MS) return `${part(MINUTE_MS, HOUR_MS)}m ${part(SECOND_MS, MINUTE_MS)}s`;
  return `${Math.max(0, Math.floor(ageMs / SECOND_MS))}s`;
}

/** `131 MiB`, or a dash where it is not known. */
export function formatMemory(sizeBytes: number | undefined): string {
  return sizeBytes === undefined ? '-' : `${Math.round(sizeBytes / 2 ** 20)} MiB`;
}

/** `2026-01-31 14:05:09` in UTC. */
export function formatTime(epochMs: number): string {
  return new Date(epochMs).toISOString().slice(0, 19).replace('T', ' ');
}

/** `1,234,567`, the same in every language. */
export function formatCount(count: number): string {
  return count.toLocaleString('en-US');
}
