// Owns one statement's messages on the wire: what is sent, and what is made of the answers.
import type { Submittable } from 'pg';
import type { Row } from './queryable.ts';
import { type ReadValue, readerOf, type WireValue } from './values.ts';

/** What a statement answered. */
export interface StatementResult {
  readonly rows: Row[];
  /** Rows returned or changed. */
  readonly count: number;
  /** The server's word for what it did, such as `UPDATE`. */
  readonly command: string;
}

/** A statement the server knows by name on one connection. */
export interface Prepared {
  readonly name: string;
  readonly text: string;
  /** The server has parsed it, and `columns` are told. */
  isReady: boolean;
  /** Undefined for a statement without rows. */
  columns: Columns | undefined;
}

interface Columns {
  readonly names: readonly string[];
  readonly reads: readonly ReadValue[];
  /** Rows are copies of it: they have one shape, and what is NULL is there already. */
  readonly emptyRow: Row;
}

/** The part of the driver's connection that sends messages (protocol §55.7). */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  close(message: { type: 'S'; name: string }): void;
  parse(message: { name: string; text: string; types: undefined }): void;
  bind(message: { statement: string; values: readonly WireValue[] }): void;
  describe(message: { type: 'P' }): void;
  execute(message: Record<string, never>): void;
  query(text: string): void;
  sync(): void;
  sendCopyFail(reason: string): void;
}

/** Told once what came of a statement; the connection may still be reading its last message. */
export interface StatementSink {
  onResult(result: StatementResult): void;
  onError(error: Error): void;
}

interface RowDescription {
  readonly fields: readonly { readonly name: string; readonly dataTypeID: number }[];
}

/**
 * Runs a prepared statement with values: parsed and described the first time only, so that later
 * ones are three short messages each way. The driver calls the methods.
 */
export class StatementRun implements Submittable {
  readonly #sink: StatementSink;
  readonly #prepared: Prepared;
  readonly #values: readonly WireValue[];
  readonly #forgotten: readonly string[];
  readonly #rows: Row[] = [];
  #command = '';
  #count = 0;
  #readError: Error | undefined;

  /** `forgotten`: names the server need not remember any more. */
  constructor(
    prepared: Prepared,
    values: readonly WireValue[],
    forgotten: readonly string[],
    sink: StatementSink,
  ) {
    this.#prepared = prepared;
    this.#values = values;
    this.#forgotten = forgotten;
    this.#sink = sink;
  }

  submit(connection: unknown): void {
    const wire = connection as Wire;
    const { name, text, isReady } = this.#prepared;
    wire.stream.cork();
    for (const forgotten of this.#forgotten) wire.close({ type: 'S', name: forgotten });
    if (!isReady) wire.parse({ name, text, types: undefined });
    wire.bind({ statement: name, values: this.#values });
    if (!isReady) wire.describe({ type: 'P' });
    wire.execute({});
    wire.sync();
    wire.stream.uncork();
  }

  handleRowDescription({ fields }: RowDescription): void {
    this.#prepared.columns = {
      names: fields.map(({ name }) => name),
      reads: fields.map(({ dataTypeID }) => readerOf(dataTypeID)),
      emptyRow: Object.fromEntries(fields.map(({ name }) => [name, null])),
    };
  }

  handleDataRow({ fields }: { readonly fields: readonly (string | null)[] }): void {
    if (this.#readError) return;
    try {
      this.#rows.push(readRow(this.#prepared.columns as Columns, fields));
    } catch (error) {
      // The messages that follow have to be read all the same.
      this.#readError = error as Error;
    }
  }

  handleCommandComplete({ text }: { readonly text: string }): void {
    const words = text.split(' ');
    this.#command = words[0] as string;
    this.#count = Number(words.at(-1)) || 0;
  }

  handleReadyForQuery(): void {
    this.#prepared.isReady = true;
    if (this.#readError) this.#sink.onError(this.#readError);
    else this.#sink.onResult({ rows: this.#rows, count: this.#count, command: this.#command });
  }

  handleError(error: Error): void {
    this.#sink.onError(error);
  }

  handleEmptyQuery(): void {}

  handlePortalSuspended(): void {}

  handleCopyInResponse(connection: unknown): void {
    (connection as Wire).sendCopyFail('COPY FROM STDIN is not supported here; insert rows instead');
  }

  handleCopyData(): void {}
}

function readRow({ names, reads, emptyRow }: Columns, fields: readonly (string | null)[]): Row {
  const row = { ...emptyRow };
  for (let i = 0; i < names.length; i++) {
    const text = fields[i] as string | null;
    if (text !== null) row[names[i] as string] = (reads[i] as ReadValue)(text);
  }
  return row;
}

/** Runs several statements in one text, without values; what they return is dropped. */
export class ScriptRun implements Submittable {
  readonly #text: string;
  readonly #sink: StatementSink;

  constructor(text: string, sink: StatementSink) {
    this.#text = text;
    this.#sink = sink;
  }

  submit(connection: unknown): void {
    (connection as Wire).query(this.#text);
  }

  handleReadyForQuery(): void {
    this.#sink.onResult({ rows: [], count: 0, command: '' });
  }

  handleError(error: Error): void {
    this.#sink.onError(error);
  }

  handleRowDescription(): void {}

  handleDataRow(): void {}

  handleCommandComplete(): void {}

  handleEmptyQuery(): void {}

  handlePortalSuspended(): void {}

  handleCopyInResponse(connection: unknown): void {
    (connection as Wire).sendCopyFail('COPY FROM STDIN is not supported here; insert rows instead');
  }

  handleCopyData(): void {}
}
