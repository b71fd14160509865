// Owns what documents say of parameters beyond what their schemas do.

/** What {@link plainParameters} looks at. */
interface Operation {
  readonly parameters?: readonly { readonly schema?: { type?: unknown } }[];
}

/**
 * Takes `null` out of the types of parameters: a URL or a header has none to send. A schema that
 * coerces what it gets would take it, and says so.
 */
export function plainParameters(paths: Record<string, Record<string, Operation>>): void {
  const operations = Object.values(paths).flatMap((methods) => Object.values(methods));
  for (const { schema } of operations.flatMap(({ parameters = [] }) => parameters)) {
    if (!Array.isArray(schema?.type)) continue;
    const types = schema.type.filter((type) => type !== 'null');
    schema.type = types.length === 1 ? types[0] : types;
  }
}
