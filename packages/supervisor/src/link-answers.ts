/** What a worker's program answers when it is asked. */

type Answer = (body: unknown) => unknown;

interface Waiting {
  readonly body: unknown;
  readonly resolve: (answer: unknown) => void;
}

/** By subject; lives as long as the link. */
export class LinkAnswers {
  readonly #answers = new Map<string, Answer>();
  readonly #waiting = new Map<string, Waiting[]>();
  #isFinal = false;

  register(subject: string, answer: Answer): void {
    this.#answers.set(subject, answer);
    for (const { body, resolve } of this.#waiting.get(subject) ?? []) resolve(run(answer, body));
    this.#waiting.delete(subject);
  }

  /** From now on a subject that nothing is registered for is refused instead of waited for. */
  finish(): void {
    this.#isFinal = true;
  }

  /** What the program answers; rejects with what it threw. */
  async ask(subject: string, body: unknown): Promise<unknown> {
    const answer = this.#answers.get(subject);
    if (answer) return answer(body);
    if (this.#isFinal) throw new Error(`this worker answers nothing about ${subject}`);
    return new Promise((resolve) => {
      const waiting = this.#waiting.get(subject) ?? [];
      waiting.push({ body, resolve });
      this.#waiting.set(subject, waiting);
    });
  }
}

async function run(answer: Answer, body: unknown): Promise<unknown> {
  return answer(body);
}
