// Owns advice to developers: statements that want a loader, and tables that want an index.
import type { Logger } from '@headgate/telemetry';
import { filteredScans, indexColumns } from './advice-plan.ts';
import { RepeatCounter } from './advice-repeats.ts';
import { quoteIdentifier } from './identifier.ts';
import type { Queryable } from './queryable.ts';
import type { QueryEvent } from './statement-watch.ts';

/** When advice is given. */
export interface DatabaseAdviceOptions {
  readonly logger: Pick<Logger, 'warn'>;
  /** Default: unless `NODE_ENV` is `production`. */
  readonly isEnabled?: boolean;
  /** So many runs of one statement in one request are told. Default 10. */
  readonly repeats?: number;
  /** Statements that take longer, in milliseconds, are explained. Default 100. */
  readonly slowQueryMs?: number;
  /** Scans of tables with fewer rows are not told. Default 10,000. */
  readonly largeTableRows?: number;
  /** Monotonic clock in milliseconds. */
  readonly now?: () => number;
}

/** Watches statements and says what could be better, in the log. */
export interface DatabaseAdvice {
  /** For `createDatabase({ onQuery })`. */
  readonly onQuery: (event: QueryEvent) => void;
  /** Slow statements are explained there from now on. */
  explainOn(database: Queryable): void;
  /** Resolves when nothing is being explained. */
  settled(): Promise<void>;
}

/** One text is explained at most this often. */
const EXPLAIN_EVERY_MS = 60_000;
const EXPLAIN_TIMEOUT_MS = 1_000;
/** Texts remembered; a program that builds its statements has no end of them. */
const MAX_TEXTS = 1_000;

/**
 * Advice for development, switched off in production unless asked for. A statement that runs again
 * and again under one signal, which is one request, is told as N+1. A slow one is explained, without
 * being run, and told when it reads a large table to the end for want of an index.
 */
export function createDatabaseAdvice(options: DatabaseAdviceOptions): DatabaseAdvice {
  const { isEnabled = process.env.NODE_ENV !== 'production' } = options;
  if (isEnabled) return new Advice(options);
  return { onQuery() {}, explainOn() {}, settled: async () => {} };
}

class Advice implements DatabaseAdvice {
  readonly #options: DatabaseAdviceOptions;
  readonly #now: () => number;
  readonly #repeats: RepeatCounter;
  readonly #explainedMs = new Map<string, number>();
  readonly #explaining = new Set<Promise<void>>();
  #database: Queryable | undefined;

  constructor(options: DatabaseAdviceOptions) {
    this.#options = options;
    this.#now = options.now ?? (() => performance.now());
    this.#repeats = new RepeatCounter(options.repeats ?? 10);
  }

  readonly onQuery = (event: QueryEvent): void => {
    const { logger, repeats = 10, slowQueryMs = 100 } = this.#options;
    const { signal, text } = event;
    if (signal !== undefined && this.#repeats.isReached(signal, text)) {
      logger.warn(`one request ran this statement ${repeats} times: use a loader, or = any($1)`, {
        statement: text,
      });
    }
    if (event.durationMs >= slowQueryMs && event.outcome === 'ok') this.#explain(event);
  };

  explainOn(database: Queryable): void {
    this.#database = database;
  }

  async settled(): Promise<void> {
    await Promise.all(this.#explaining);
  }

  #explain(event: QueryEvent): void {
    const database = this.#database;
    const isExplainable = /^\s*(select|with|update|delete|insert)\b/i.test(event.text);
    if (database === undefined || !isExplainable || !this.#isDue(event.text)) return;
    const explaining = this.#advise(database, event)
      // A statement that cannot be explained is none to advise on.
      .catch(() => {})
      .finally(() => this.#explaining.delete(explaining));
    this.#explaining.add(explaining);
  }

  #isDue(text: string): boolean {
    const nowMs = this.#now();
    const explainedMs = this.#explainedMs.get(text);
    if (explainedMs !== undefined && nowMs - explainedMs < EXPLAIN_EVERY_MS) return false;
    this.#explainedMs.delete(text);
    this.#explainedMs.set(text, nowMs);
    const [oldest] = this.#explainedMs.keys();
    if (this.#explainedMs.size > MAX_TEXTS && oldest !== undefined)
      this.#explainedMs.delete(oldest);
    return true;
  }

  async #advise(database: Queryable, { text, values, durationMs }: QueryEvent): Promise<void> {
    const limits = { timeoutMs: EXPLAIN_TIMEOUT_MS };
    const explained = await database.first(
      `explain (format json, verbose) ${text}`,
      values,
      limits,
    );
    for (const { table, filter } of filteredScans(explained?.['QUERY PLAN'])) {
      const facts = await database.first<{ rows: number; columns: string[] }>(
        `select reltuples as rows, array(
            select attname::text from pg_attribute
              where attrelid = c.oid and attnum > 0 and not attisdropped order by attnum) as columns
          from pg_class c where c.oid = to_regclass($1)`,
        [table],
        limits,
      );
      const { largeTableRows = 10_000, logger } = this.#options;
      if (facts === undefined || facts.rows < largeTableRows) continue;
      const columns = indexColumns(filter, facts.columns);
      const cost = `took ${Math.round(durationMs)} ms and reads all ${facts.rows} rows of ${table}`;
      logger.warn(`a statement ${cost}; no index serves its condition`, {
        statement: text,
        filter,
        ...(columns.length > 0 && {
          suggestion: `create index concurrently on ${table} (${columns.map(quoteIdentifier).join(', ')})`,
        }),
      });
    }
  }
}
