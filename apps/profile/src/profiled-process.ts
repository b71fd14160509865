/** One process from the start of its profiler to the profile in our hands. */
import { nameOf } from './choose-processes.ts';
import { withInspector } from './open-inspector.ts';
import type { ProcessFacts } from './process-list.ts';
import {
  beginProfile,
  finishProfile,
  type ProfileInfo,
  type ProfileRequest,
  readProfile,
} from './target-program.ts';

/** A profile as its process handed it over. */
export interface TakenProfile {
  readonly pid: number;
  readonly name: string;
  readonly json: string;
  readonly info: ProfileInfo;
}

/** Small enough for the memory of both sides, and for one message. */
const PIECE_CHARS = 4 * 1024 * 1024;
/** A busy process stops, and writes a long profile as text, in more than a moment. */
const ANSWER_MS = 60_000;

/** Starts the profiler of a process; its port is closed again when this resolves. */
export async function startProfile(target: ProcessFacts, request: ProfileRequest): Promise<void> {
  await withInspector(target, (client) => client.run(beginProfile, [request], ANSWER_MS));
}

/** Stops the profiler that was started with `token`, if it runs still, and fetches the profile; nothing is left over there. */
export function takeProfile(target: ProcessFacts, token: string): Promise<TakenProfile> {
  return withInspector(target, async (client) => {
    const info = await client.run(finishProfile, [token], ANSWER_MS);
    let json = '';
    while (json.length < info.sizeChars) {
      const end = json.length + PIECE_CHARS;
      json += await client.run(readProfile, [json.length, end], ANSWER_MS);
    }
    return { pid: target.pid, name: nameOf(target), json, info };
  });
}
