// Owns how names of tables and columns are written into statements.

/** `name` as one quoted identifier, whatever it contains. Throws a TypeError for what PostgreSQL refuses. */
export function quoteIdentifier(name: string): string {
  if (name === '' || name.includes('\0')) {
    throw new TypeError(`${JSON.stringify(name)} cannot name a table or a column`);
  }
  return `"${name.replaceAll('"', '""')}"`;
}

/** `table` or `schema.table`, each part quoted. */
export function quoteTable(table: string): string {
  return table.split('.').map(quoteIdentifier).join('.');
}
