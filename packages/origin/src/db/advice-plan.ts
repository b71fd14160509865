// Owns reading a plan: which scans of whole tables an index would spare.

import { quoteIdentifier } from './identifier.ts';

/** A scan that reads a whole table to keep some of its rows. */
export interface FilteredScan {
  /** `"schema"."table"`. */
  readonly table: string;
  /** The condition as the plan has it. */
  readonly filter: string;
}

/** A node of `explain (format json, verbose)`, as far as it is read here. */
interface PlanNode {
  readonly 'Node Type'?: string;
  readonly Schema?: string;
  readonly 'Relation Name'?: string;
  readonly Filter?: string;
  readonly Plans?: readonly PlanNode[];
}

/** The scans with a filter in the result of `explain (format json, verbose)`; of each table the first. */
export function filteredScans(explained: unknown): readonly FilteredScan[] {
  const found = new Map<string, FilteredScan>();
  const visit = (node: PlanNode) => {
    const { Filter: filter, Schema: schema, 'Relation Name': name } = node;
    if (node['Node Type'] === 'Seq Scan' && filter && schema && name && !found.has(name)) {
      found.set(name, { table: `${quoteIdentifier(schema)}.${quoteIdentifier(name)}`, filter });
    }
    node.Plans?.forEach(visit);
  };
  const [top] = Array.isArray(explained) ? explained : [];
  if (top?.Plan) visit(top.Plan);
  return [...found.values()];
}

/**
 * The columns an index for `filter` would have: those compared for equality, then one that is
 * compared otherwise. `columns` are those of the table.
 */
export function indexColumns(filter: string, columns: readonly string[]): readonly string[] {
  const bare = filter.replace(/'(?:[^']|'')*'/g, "''");
  const equal: string[] = [];
  const ranged: string[] = [];
  for (const column of columns) {
    const name = `(?:${escapeRegExp(column)}|${escapeRegExp(quoteIdentifier(column))})`;
    // `(t.name)::text = 'x'`, `(t.id = ANY ('{1,2}'::integer[]))`, `(t.total > '5'::numeric)`
    const compared = new RegExp(
      `(?<![\\w"])${name}(?![\\w"])\\)*(?:::[\\w ]+(?:\\(\\d+\\))?)?\\)* (=|<|>|<=|>=) `,
    );
    const operator = compared.exec(bare)?.[1];
    if (operator === '=') equal.push(column);
    else if (operator !== undefined) ranged.push(column);
  }
  return [...equal, ...ranged.slice(0, 1)];
}

function escapeRegExp(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
}
