/** Parsers at rest: a connection has one only while a message is on its way over it. */

/** More than are ever used at once on a quiet edge; what is beyond them is let go. */
const MAX_SPARE = 1_024;

/** Lends parsers that are all alike, the one used last first. */
export class ParserPool<Parser extends { forget(): void }> {
  readonly #create: () => Parser;
  readonly #spare: Parser[] = [];

  constructor(create: () => Parser) {
    this.#create = create;
  }

  take(): Parser {
    return this.#spare.pop() ?? this.#create();
  }

  /** Takes back a parser between two messages; one that has refused anything is of no use. */
  giveBack(parser: Parser): void {
    parser.forget();
    if (this.#spare.length < MAX_SPARE) this.#spare.push(parser);
  }
}
