/** `headgate diff`: what a configuration would change of another, or of what an edge runs. */
import { formatProblems } from '@headgate/config';
import type { DiffCommand } from '../command-line.ts';
import type { ProxyConfig } from '../config.ts';
import { describeChanges, diffConfigs } from '../control/diff.ts';
import { createAdminClient } from './admin-client.ts';
import { type FindEdgeDeps, findEdge } from './find-edge.ts';

export interface DiffDeps extends FindEdgeDeps {
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
}

type Compared =
  | { readonly ok: true; readonly config: ProxyConfig }
  | { readonly ok: false; readonly why: string };

/** Resolves with the exit code, as `diff` has it: 0 the same, 1 different, 2 trouble. */
export async function runDiff(command: DiffCommand, deps: DiffDeps): Promise<number> {
  const after = await fromFile(command.file, deps);
  if (!after.ok) return trouble(after.why, deps);
  const before = await compared(command, deps);
  if (!before.ok) return trouble(before.why, deps);
  const changes = diffConfigs(before.config, after.config);
  if (command.isJson) deps.print(JSON.stringify({ changes }));
  else for (const line of describeChanges(changes)) deps.print(line);
  return changes.length > 0 ? 1 : 0;
}

function trouble(why: string, { complain }: DiffDeps): number {
  complain(why);
  return 2;
}

function compared(command: DiffCommand, deps: DiffDeps): Promise<Compared> {
  return command.against === undefined ? fromEdge(command, deps) : fromFile(command.against, deps);
}

async function fromFile(file: string, { load }: DiffDeps): Promise<Compared> {
  const loaded = await load(file);
  return loaded.ok ? loaded : { ok: false, why: formatProblems(loaded.problems) };
}

async function fromEdge(command: DiffCommand, deps: DiffDeps): Promise<Compared> {
  const { file: configFile, ...place } = command;
  const edge = await findEdge({ ...place, configFile }, deps);
  if (!edge.ok) return { ok: false, why: `headgate: ${edge.why}` };
  const reply = await createAdminClient(edge.endpoint, edge.token).get('/api/config');
  if (!reply.ok) return { ok: false, why: `headgate: ${reply.why}` };
  return { ok: true, config: (reply.body as { config: ProxyConfig }).config };
}
