/** What somebody probably meant to type. */

/** ` (did you mean "name"?)`, or nothing when no name comes near. */
export function guess(word: string, names: readonly string[]): string {
  let best: string | undefined;
  let leastEdits = Math.max(2, Math.floor(word.length / 3)) + 1;
  for (const name of names) {
    const edits = editsBetween(word, name);
    if (edits < leastEdits) {
      best = name;
      leastEdits = edits;
    }
  }
  return best === undefined ? '' : ` (did you mean "${best}"?)`;
}

/** Characters to insert, delete or replace (Levenshtein 1965). */
function editsBetween(from: string, to: string): number {
  let row = Array.from({ length: to.length + 1 }, (_, column) => column);
  for (let i = 0; i < from.length; i++) {
    const next = [i + 1];
    for (let j = 0; j < to.length; j++) {
      const replaced = (row[j] as number) + (from[i] === to[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] as number) + 1, (next[j] as number) + 1));
    }
    row = next;
  }
  return row[to.length] as number;
}
