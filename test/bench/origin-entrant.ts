/** A program of the origin contest, running on its core and ready to be asked. */
import { deepStrictEqual } from 'node:assert';
import type { Entrant } from './entrant.ts';
import type { PortFinder } from './free-ports.ts';
import type { CostCase, CostEntry } from './origin-cases.ts';
import type { OriginProgram, ProgramPlace } from './origin-programs.ts';
import { startPinned } from './pinned-process.ts';
import { waitForAnswer } from './wait-for-answer.ts';
import { CONTESTANT_CORE } from './window.ts';

export type OriginEntrant = Pick<Entrant, 'name' | 'url' | 'process'> & AsyncDisposable;

/** What all programs of one case have around them. */
export interface OriginSurroundings {
  readonly ports: PortFinder;
  readonly signal: AbortSignal;
}

const ANSWER_TIMEOUT_MS = 10_000;

/** Resolves when it answers `/health`; rejects with its complaints. */
export async function startOriginEntrant(
  { name, program }: { readonly name: string; readonly program: OriginProgram },
  place: Omit<ProgramPlace, 'port'>,
  { ports, signal }: OriginSurroundings,
): Promise<OriginEntrant> {
  const port = await ports.next();
  const process = startPinned(program.launch({ ...place, port }), CONTESTANT_CORE);
  const url = `http://127.0.0.1:${port}`;
  try {
    await waitForAnswer(`${url}/health`, process, signal);
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
  return { name, url, process, [Symbol.asyncDispose]: process[Symbol.asyncDispose] };
}

/** The target with an id in the place of `{id}`. */
export function targetFor(target: string, id: number): string {
  return target.replace('{id}', `${id}`);
}

/**
 * Nobody wins by answering something else, or by looking at less: rejects when an answer is not
 * the same JSON as the one of `reference`, or when what is to be refused is not.
 */
export async function checkAnswers(
  { checkedIds, refused }: Pick<CostCase, 'checkedIds' | 'refused'>,
  { entry, entrant }: Checked,
  reference: Checked,
  signal: AbortSignal,
): Promise<void> {
  for (const id of checkedIds) {
    const answer = await readJson(entrant, targetFor(entry.target, id), signal);
    if (entry.hasOwnAnswers) continue;
    const wanted = await readJson(reference.entrant, targetFor(reference.entry.target, id), signal);
    deepStrictEqual(answer, wanted, `${entrant.name} answers ${id} otherwise than ours`);
  }
  for (const target of entry.hasNoValidation ? [] : refused) {
    const { status } = await ask(entrant, target, signal);
    if (status < 400 || status >= 500) {
      throw new Error(`answered ${target} with ${status}, and should have refused it`);
    }
  }
}

export interface Checked {
  readonly entry: CostEntry;
  readonly entrant: Pick<OriginEntrant, 'name' | 'url'>;
}

async function readJson(
  entrant: Checked['entrant'],
  target: string,
  signal: AbortSignal,
): Promise<unknown> {
  const { status, body } = await ask(entrant, target, signal);
  if (status !== 200) throw new Error(`answered ${target} with ${status}: ${body.slice(0, 200)}`);
  return JSON.parse(body);
}

async function ask(
  { url }: Checked['entrant'],
  target: string,
  signal: AbortSignal,
): Promise<{ readonly status: number; readonly body: string }> {
  const answer = await fetch(url + target, {
    signal: AbortSignal.any([signal, AbortSignal.timeout(ANSWER_TIMEOUT_MS)]),
  });
  return { status: answer.status, body: await answer.text() };
}
