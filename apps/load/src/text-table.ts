/** Widest line of a summary. */
export const MAX_WIDTH = 100;

/**
 * Lines of equal columns, two spaces apart: the first `leftColumns` are flush left, the others
 * flush right. A row may be shorter than the others.
 */
export function alignTable(rows: readonly (readonly string[])[], leftColumns = 1): string[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, i) => {
      widths[i] = Math.max(widths[i] ?? 0, widthOf(cell));
    });
  }
  return rows.map((row) =>
    row
      .map((cell, i) => {
        const padding = ' '.repeat((widths[i] as number) - widthOf(cell));
        return i < leftColumns ? cell + padding : padding + cell;
      })
      .join('  ')
      .trimEnd(),
  );
}

/** Characters a terminal shows; every one counts as a column. */
export function widthOf(text: string): number {
  return [...text].length;
}

/** At most `width` characters, with an ellipsis in the place of the end. */
export function clip(text: string, width: number): string {
  const characters = [...text];
  return characters.length <= width
    ? text
    : `${characters.slice(0, Math.max(0, width - 1)).join('')}…`;
}

/**
 * Items in lines of at most 100 characters: the first line begins with `head`, the others with as
 * much space. An item that is too long for a line is clipped.
 */
export function wrap(head: string, items: readonly string[]): string[] {
  const indent = ' '.repeat(widthOf(head));
  const lines: string[] = [];
  let line = head;
  items.forEach((item, i) => {
    const text = i < items.length - 1 ? `${item},` : item;
    const isFirst = line === head || line === indent;
    if (!isFirst && widthOf(line) + 1 + widthOf(text) > MAX_WIDTH) {
      lines.push(line);
      line = indent;
    }
    line += line === head || line === indent ? text : ` ${text}`;
  });
  return [...lines, line].map((full) => clip(full, MAX_WIDTH));
}
