/** A child process of a contest that says when it listens, and then answers what it is asked. */
import { type PinnedProcess, startPinned } from './pinned-process.ts';

export interface AnsweringChild extends AsyncDisposable {
  /** Its answer to `question`; one at a time. Rejects when none comes, with what it complains of. */
  ask(question: string): Promise<unknown>;
}

export interface AnsweringChildOptions {
  /** Arguments of Node: the program, and what it is to do. */
  readonly args: readonly string[];
  readonly core: number;
  readonly signal: AbortSignal;
  /** For each answer, the first word included. */
  readonly timeoutMs: number;
}

/** Resolves when it has said that it listens. */
export async function startAnsweringChild({
  args,
  core,
  signal,
  timeoutMs,
}: AnsweringChildOptions): Promise<AnsweringChild> {
  const child = startPinned({ command: process.execPath, args: [...args] }, core);
  const next = answersOf(child, signal, timeoutMs);
  try {
    await next();
  } catch (error) {
    await child[Symbol.asyncDispose]();
    throw error;
  }
  return {
    ask(question) {
      const answer = next();
      child.send(question);
      return answer;
    },
    [Symbol.asyncDispose]: () => child[Symbol.asyncDispose](),
  };
}

function answersOf(child: PinnedProcess, signal: AbortSignal, timeoutMs: number) {
  let heard = Promise.withResolvers<unknown>();
  child.onMessage((message) => heard.resolve(message));
  return async () => {
    const given = AbortSignal.any([signal, AbortSignal.timeout(timeoutMs)]);
    const stop = () => heard.reject(new Error(`the origins do not answer: ${child.complaints}`));
    if (given.aborted) stop();
    given.addEventListener('abort', stop, { once: true });
    try {
      return await heard.promise;
    } finally {
      given.removeEventListener('abort', stop);
      heard = Promise.withResolvers();
    }
  };
}
