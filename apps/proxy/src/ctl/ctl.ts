/** `headgate ctl`: looks at a running edge and changes it, by its admin listener. */
import type { CtlCommand } from '../command-line.ts';
import { type AdminClient, createAdminClient, type Reply } from './admin-client.ts';
import type { CtlAction, Reading } from './arguments.ts';
import { type FindEdgeDeps, findEdge } from './find-edge.ts';
import { purgeBody } from './purge-arguments.ts';
import { showAudit, showCache, showServices, showStatus, showWorkers } from './show.ts';
import { meantUpstream } from './upstream-name.ts';
import { awaitQuiet, type UpstreamOf } from './wait.ts';

export interface CtlDeps extends FindEdgeDeps {
  /** One line for people, or for programs. */
  readonly print: (line: string) => void;
  readonly complain: (line: string) => void;
  /** Monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Wall clock in milliseconds since 1970. */
  readonly epochMs: () => number;
  readonly sleep: (delayMs: number) => Promise<void>;
}

/** Where workers leave, requests under way are waited for, worker after worker. */
const WORKERS_TIMEOUT_MS = 60 * 60_000;

/** Resolves with the exit code: 0 done, 1 refused or failed, 2 it is not clear which edge to ask. */
export async function runCtl(command: CtlCommand, deps: CtlDeps): Promise<number> {
  const edge = await findEdge(command, deps);
  if (!edge.ok) {
    deps.complain(`headgate: ${edge.why}`);
    return 2;
  }
  const client = createAdminClient(edge.endpoint, edge.token);
  const { action } = command;
  switch (action.verb) {
    case 'status':
    case 'workers':
    case 'services':
    case 'cache':
    case 'audit':
      return read(action.verb, client, command, deps);
    case 'reload':
      return report(await client.post('/api/reload', {}, WORKERS_TIMEOUT_MS), command, deps);
    case 'restart':
      return report(await client.post('/api/restart', {}, WORKERS_TIMEOUT_MS), command, deps);
    case 'scale':
      return report(
        await client.post('/api/scale', { workers: action.workers }, WORKERS_TIMEOUT_MS),
        command,
        deps,
      );
    case 'purge':
      return report(await client.post('/api/cache/purge', purgeBody(action.order)), command, deps);
    default:
      return changeUpstream(action, client, command, deps);
  }
}

async function read(
  reading: Reading,
  client: AdminClient,
  { isJson }: CtlCommand,
  deps: CtlDeps,
): Promise<number> {
  const reply = await client.get(`/api/${reading}`);
  if (!reply.ok) return fail(reply.why, deps);
  if (isJson) deps.print(JSON.stringify(reply.body));
  else for (const line of lines(reading, reply.body, deps)) deps.print(line);
  return 0;
}

/** The edge is of the version of this program, or near it. */
function lines(reading: Reading, body: unknown, deps: CtlDeps): string[] {
  switch (reading) {
    case 'status':
      return showStatus(body as Parameters<typeof showStatus>[0], deps.epochMs());
    case 'workers':
      return showWorkers(body as Parameters<typeof showWorkers>[0]);
    case 'services':
      return showServices(body as Parameters<typeof showServices>[0]);
    case 'cache':
      return showCache(body as Parameters<typeof showCache>[0]);
    case 'audit':
      return showAudit(body as Parameters<typeof showAudit>[0]);
  }
}

async function changeUpstream(
  action: Extract<CtlAction, { readonly upstream: string }>,
  client: AdminClient,
  command: CtlCommand,
  deps: CtlDeps,
): Promise<number> {
  const known = await keysOf(action.service, client);
  if (!known.ok) return fail(known.why, deps);
  const meant = meantUpstream(action.upstream, known.keys);
  if (!meant.ok) return fail(meant.why, deps);
  const target: UpstreamOf = { service: action.service, upstream: meant.upstream };
  const path = `/api/services/${encodeURIComponent(target.service)}/upstreams/${encodeURIComponent(target.upstream)}`;
  const body =
    action.verb === 'weight'
      ? { action: action.verb, weight: action.weight ?? null }
      : { action: action.verb };
  const code = report(await client.post(path, body), command, deps);
  if (code !== 0 || action.verb === 'weight' || action.waitMs === undefined) return code;
  // With --json there is one document on standard output; progress would make it two.
  const print = command.isJson ? deps.complain : deps.print;
  return awaitQuiet(target, action.waitMs, client, { ...deps, print });
}

/** The upstreams of a service, those included that are only remembered. */
async function keysOf(
  service: string,
  client: AdminClient,
): Promise<{ ok: true; keys: string[] } | { ok: false; why: string }> {
  const [services, status] = await Promise.all([
    client.get('/api/services'),
    client.get('/api/status'),
  ]);
  if (!services.ok) return services;
  if (!status.ok) return status;
  const reported = services.body as Parameters<typeof showServices>[0];
  const { operator } = status.body as Parameters<typeof showStatus>[0];
  const present = reported.services
    .filter(({ name }) => name === service)
    .flatMap(({ upstreams }) => upstreams.map(({ url }) => url));
  const remembered = operator.flatMap((entry) =>
    entry.service === service ? [entry.upstream] : [],
  );
  return { ok: true, keys: [...new Set([...present, ...remembered])] };
}

function report(reply: Reply, { isJson }: CtlCommand, deps: CtlDeps): number {
  if (!reply.ok) return fail(reply.why, deps);
  if (isJson) {
    deps.print(JSON.stringify(reply.body));
    return 0;
  }
  const { changed } = reply.body as { changed: readonly string[] };
  for (const line of changed.length > 0 ? changed : ['nothing to change']) deps.print(line);
  return 0;
}

function fail(why: string, deps: CtlDeps): number {
  deps.complain(`headgate: ${why}`);
  return 1;
}
