/** Makes the flows of one worker from its plan: what is plain over raw sockets, the rest on undici. */
import type { LookupAddress } from 'node:dns';
import type { RunningFlow } from './flows/running-flow.ts';
import type { ScriptedFlow } from './flows/scripted-flow.ts';
import { streamFlow } from './flows/stream-flow.ts';
import type { Problem } from './messages.ts';
import type { WeightedFlow } from './open-driver.ts';
import { PlainClient } from './plain/plain-client.ts';
import { PlainFlow } from './plain/plain-flow.ts';
import { SourcePorts } from './plain/source-ports.ts';
import type { Plan } from './plan.ts';
import { createRandom } from './random.ts';
import type { Recording } from './recording.ts';
import type { Flow, FlowContext, PlainFlow as PlainFlowSpec, Scenario } from './scenario.ts';
import { createTargetGuard, type TargetGuard } from './target-guard.ts';

export interface WorkerFlows {
  readonly flows: readonly WeightedFlow[];
  readonly weights: readonly number[];
  readonly userAt: (index: number) => unknown;
  problems(): readonly Problem[];
  /** Ends what is still in flight, as `cut` or as held to the end, and closes every connection. */
  close(): Promise<void>;
}

interface WorkerFlowsOptions {
  readonly plan: Plan;
  readonly scenario: Scenario;
  readonly data: unknown;
  readonly part: number;
  readonly recording: Recording;
  readonly now: () => number;
  /** Aborted when the run and its grace are over. */
  readonly signal: AbortSignal;
}

/** Many at a time, and few enough for the accept queue of the other side. */
const HOLD_CONNECTING = 256;

/** Rejects for a target that may not be loaded, and for requests that cannot be written. */
export async function createWorkerFlows(options: WorkerFlowsOptions): Promise<WorkerFlows> {
  const { plan, scenario, data, part, recording, now } = options;
  const target = new URL(plan.target);
  const guard = createTargetGuard({ ownedHosts: plan.ownedHosts });
  guard.check(target);
  const random = createRandom(plan.seed, -1 - part);
  // Raw sockets speak neither TLS nor HTTP/2.
  const isRaw = target.protocol === 'http:' && !plan.transport.http2;
  const isHeld = plan.model.kind === 'hold';
  const host = await addressOf(target, guard);
  const sources = new SourcePorts(plan.transport.sourceAddresses, part, plan.workers);
  const clients = new Map<number | undefined, PlainClient>();
  const clientFor = (slowBytesPerS: number | undefined): PlainClient => {
    const client =
      clients.get(slowBytesPerS) ??
      new PlainClient({
        host,
        port: Number(target.port || 80),
        recording,
        now,
        timeoutMs: isHeld ? Number.POSITIVE_INFINITY : plan.timeoutMs,
        slowBytesPerS,
        sources,
        maxConnecting: isHeld ? HOLD_CONNECTING : Number.POSITIVE_INFINITY,
      });
    clients.set(slowBytesPerS, client);
    return client;
  };
  const plain = ({ name, flow }: Named<PlainFlowSpec>): RunningFlow => {
    const { request, expect, connection, slowBytesPerS } = flow;
    const { transport } = plan;
    return new PlainFlow({
      client: clientFor(slowBytesPerS ?? transport.slowBytesPerS),
      series: recording.series(name, 'plain'),
      authority: target.host,
      headers: plan.headers,
      isChurning: connection === 'new' || transport.isChurning,
      expect,
      request: typeof request === 'function' ? (user) => request({ data, user, random }) : request,
    });
  };
  const scripted = async (flows: readonly Named<Flow>[]): Promise<ScriptedFlow[]> => {
    if (flows.length === 0) return [];
    // undici takes longer to load than all the rest; most runs do without.
    const { ScriptedFlow } = await import('./flows/scripted-flow.ts');
    const { timeoutMs, headers, transport } = plan;
    const { http2 } = transport;
    const shared = { data, random, target, headers, timeoutMs, http2, recorder: recording, guard };
    return flows.map(({ name, flow }) => {
      const run = 'run' in flow ? flow.run.bind(flow) : requestOverHttp(flow);
      return new ScriptedFlow({ ...shared, name, run, signal: options.signal });
    });
  };

  const named = Object.entries(scenario.flows).map(([name, flow]) => ({ name, flow }));
  const isPlain = (one: Named<Flow>): one is Named<PlainFlowSpec> => isRaw && 'request' in one.flow;
  const scriptedFlows = await scripted(named.filter((one) => !isPlain(one)));
  const remaining = [...scriptedFlows];
  return {
    flows: named.map((one) => ({
      flow: isPlain(one) ? plain(one) : (remaining.shift() as RunningFlow),
      series: recording.series(one.name, isPlain(one) ? 'plain' : 'scripted'),
    })),
    weights: named.map(({ flow }) => flow.weight ?? 1),
    userAt: (index) => scenario.user?.({ data, index, random: createRandom(plan.seed ^ 1, index) }),
    problems: () => scriptedFlows.flatMap((flow) => flow.problems()),
    async close() {
      for (const client of clients.values()) client.close(isHeld ? 'held' : 'cut');
      await Promise.all(scriptedFlows.map((flow) => flow.close()));
    },
  };
}

interface Named<Spec> {
  readonly name: string;
  readonly flow: Spec & { readonly weight?: number };
}

/** The scenario that a URL on the command line stands for. */
export function scenarioOf(plan: Plan): Scenario | undefined {
  const { source, target } = plan;
  if (source.kind === 'scenario') return undefined;
  const { path } = source.kind === 'request' ? source.request : source;
  const name = source.kind === 'request' ? `${source.request.method ?? 'GET'} ${path}` : path;
  const flow: Flow =
    source.kind === 'request'
      ? { request: source.request }
      : { run: streamFlow(source.protocol, path) };
  return { target, flows: { [name]: flow } };
}

/** A plain flow where raw sockets do not reach. */
function requestOverHttp(flow: PlainFlowSpec): (context: FlowContext) => Promise<void> {
  return async ({ http, data, user, random }) => {
    const { request, expect } = flow;
    const made = typeof request === 'function' ? request({ data, user, random }) : request;
    const { method = 'GET', path, headers, body } = made;
    await http.request(method, path, {
      ...(headers && { headers }),
      ...(body !== undefined && { body }),
      ...(expect !== undefined && { expect }),
    });
  };
}

/** The address of a target, looked up once for all connections. */
export function addressOf(target: URL, guard: TargetGuard): Promise<string> {
  const host = target.hostname.replace(/^\[|\]$/g, '');
  return new Promise((resolve, reject) => {
    guard.lookup(host, {}, (error, address: string | LookupAddress[]) => {
      if (error) reject(error);
      else resolve(typeof address === 'string' ? address : (address[0]?.address ?? host));
    });
  });
}
