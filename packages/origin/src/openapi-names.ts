// Owns the names of operations whose authors gave none: the same each time, and each one its own.

/** What {@link nameOperations} reads and fills in. */
export interface NamedOperation {
  operationId?: string;
  summary?: string;
}

/**
 * Gives each operation of `paths` an `operationId`, which generated clients make functions of, and
 * a `summary`, where it has none: `GET /items/{id}` is `getItemsById`, "Get items by id".
 */
export function nameOperations(paths: Record<string, Record<string, NamedOperation>>): void {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method, path, operation })),
  );
  const taken = new Set(operations.map(({ operation }) => operation.operationId));
  for (const { method, path, operation } of operations) {
    const words = wordsOf(method, path);
    operation.summary ??= capital(words.join(' '));
    if (operation.operationId !== undefined) continue;
    const name = [words[0], ...words.slice(1).map(capital)].join('');
    let id = name;
    for (let n = 2; taken.has(id); n++) id = `${name}${n}`;
    taken.add(id);
    operation.operationId = id;
  }
}

function wordsOf(method: string, path: string): string[] {
  const words = [method.toLowerCase()];
  for (const segment of path.split('/')) {
    const name = segment.replaceAll(/[^a-zA-Z0-9]+/g, ' ').trim();
    if (name === '') continue;
    if (segment.startsWith('{')) words.push('by');
    words.push(...name.split(' '));
  }
  return words;
}

function capital(word: string): string {
  return word.charAt(0).toUpperCase() + word.slice(1);
}
