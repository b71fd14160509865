/** The Connection field: what it says about the connection, and which fields end with it. */
import { COMMA, isBlank, TOKEN } from './char-class.ts';
import { CONNECTION, NOT_CONNECTION_OPTIONS, ORDINARY, OTHER_HOP_BY_HOP } from './field-kind.ts';
import type { FieldTable } from './fields.ts';
import { equalsLower, NameSet } from './name-set.ts';
import { refuse } from './refusal.ts';

/** Each option is compared with each field: a head full of them must not cost a head squared. */
const MAX_OPTIONS = 32;

const OPTIONS = new NameSet(['close', 'keep-alive', 'upgrade']);
const CLOSE = 0;
const KEEP_ALIVE = 1;
const UPGRADE = 2;

/** What the Connection fields of one message say (RFC 9110 §7.6.1). */
export class ConnectionOptions {
  close = false;
  keepAlive = false;
  upgrade = false;
  #namesFields = false;
  #count = 0;

  reset(): void {
    this.close = false;
    this.keepAlive = false;
    this.upgrade = false;
    this.#namesFields = false;
    this.#count = 0;
  }

  /** Takes one Connection value, `text` from `start` to `end`. Throws a Refusal. */
  take(text: string, start: number, end: number): void {
    let at = start;
    while (at < end) {
      const from = at;
      while (at < end && TOKEN[text.charCodeAt(at)] === 1) at++;
      if (at > from) this.#takeOption(text, from, at);
      while (at < end && isBlank(text.charCodeAt(at))) at++;
      if (at === end) return;
      if (text.charCodeAt(at) !== COMMA) refuse('invalid-connection');
      at++;
      while (at < end && isBlank(text.charCodeAt(at))) at++;
    }
  }

  #takeOption(text: string, start: number, end: number): void {
    if (++this.#count > MAX_OPTIONS) refuse('too-many-connection-options');
    const option = OPTIONS.indexOf(text, start, end);
    if (option === CLOSE) this.close = true;
    else if (option === KEEP_ALIVE) this.keepAlive = true;
    else if (option === UPGRADE) this.upgrade = true;
    else this.#namesFields = true;
  }

  /** Marks the fields that Connection names as hop-by-hop, once all fields have their kind. */
  markNamed(table: FieldTable): void {
    if (!this.#namesFields) return;
    for (let i = 0; i < table.count; i++) {
      if (table.kind(i) !== CONNECTION) continue;
      for (const option of table.value(i).toLowerCase().split(',')) {
        markFields(table, option.trim());
      }
    }
  }
}

function markFields(table: FieldTable, name: string): void {
  if (NOT_CONNECTION_OPTIONS.indexOf(name, 0, name.length) >= 0) return;
  for (let i = 0; i < table.count; i++) {
    if (
      table.kind(i) === ORDINARY &&
      equalsLower(table.text, table.nameStart(i), table.nameEnd(i), name)
    ) {
      table.setKind(i, OTHER_HOP_BY_HOP);
    }
  }
}
