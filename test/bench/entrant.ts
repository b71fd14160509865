/** A contestant that runs: started in a folder of its own, and known to answer. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Contestant } from './contestants/contestant.ts';
import type { PortFinder } from './free-ports.ts';
import { type PinnedProcess, startPinned } from './pinned-process.ts';
import { waitForAnswer } from './wait-for-answer.ts';

export interface Entrant extends AsyncDisposable {
  readonly name: string;
  /** Where it listens, without a path. */
  readonly url: string;
  /** Where it reports about itself, if it does. */
  readonly adminUrl: string;
  readonly process: PinnedProcess;
}

/** What everything of one case is started in. */
export interface Surroundings {
  /** Whoever is started makes a folder of its own in it. */
  readonly folder: string;
  /** The core of the contestants. */
  readonly core: number;
  readonly ports: PortFinder;
  readonly signal: AbortSignal;
}

/** Resolves when `/health` of the origins is answered through it; rejects with its complaints. */
export async function startEntrant(
  contestant: Contestant,
  origins: readonly string[],
  { folder, core, ports, signal }: Surroundings,
): Promise<Entrant> {
  const place = {
    folder: join(folder, contestant.name),
    port: await ports.next(),
    adminPort: await ports.next(),
    origins,
  };
  const { files, ...command } = contestant.launch(place);
  await mkdir(place.folder, { recursive: true });
  for (const [name, text] of Object.entries(files)) {
    await writeFile(join(place.folder, name), text);
  }
  const process = startPinned(command, core);
  const url = `http://127.0.0.1:${place.port}`;
  try {
    await waitForAnswer(`${url}/health`, process, signal);
  } catch (error) {
    await process[Symbol.asyncDispose]();
    throw error;
  }
  return {
    name: contestant.name,
    url,
    adminUrl: `http://127.0.0.1:${place.adminPort}`,
    process,
    [Symbol.asyncDispose]: process[Symbol.asyncDispose],
  };
}
