/** What went wrong in the code of a flow, for the report. */

/** What the flow's own code threw, or a check that did not hold. */
export interface FlowProblem {
  readonly message: string;
  /** Of the first one. */
  readonly stack: string;
  readonly count: number;
}

const MAX_PROBLEMS = 20;

export class FlowProblems {
  readonly #byMessage = new Map<string, { stack: string; count: number }>();

  add(error: unknown): void {
    const message = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
    const known = this.#byMessage.get(message);
    if (known !== undefined) known.count++;
    else if (this.#byMessage.size < MAX_PROBLEMS) {
      const stack = error instanceof Error ? (error.stack ?? message) : message;
      this.#byMessage.set(message, { stack, count: 1 });
    }
  }

  /** In the order in which they first happened. */
  list(): FlowProblem[] {
    return [...this.#byMessage].map(([message, { stack, count }]) => ({ message, stack, count }));
  }
}
