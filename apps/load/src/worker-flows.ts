/** Makes the flows of one worker from its plan: what is plain over raw sockets, the rest on undici. */
import type { LookupAddress } from 'node:dns';
import type { RunningFlow } from './flows/running-flow.ts';
import { ScriptedFlow } from './flows/scripted-flow.ts';
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

export interface WorkerFlowsOptions {
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
  const client = new PlainClient({
    host: await addressOf(target, guard),
    port: Number(target.port || 80),
    recording,
    now,
    timeoutMs: isHeld ? Number.POSITIVE_INFINITY : plan.timeoutMs,
    slowBytesPerS: plan.transport.slowBytesPerS,
    sources: new SourcePorts(plan.transport.sourceAddresses, part, plan.workers),
    maxConnecting: isHeld ? HOLD_CONNECTING : Number.POSITIVE_INFINITY,
  });
  const entries = Object.entries(scenario.flows);
  const scripted: ScriptedFlow[] = [];

  const makeFlow = (name: string, flow: Flow): RunningFlow => {
    if ('request' in flow && isRaw) return makePlain(name, flow);
    const made = new ScriptedFlow({
      name,
      run: 'run' in flow ? (context) => flow.run(context) : requestOverHttp(flow),
      data,
      random,
      target,
      headers: plan.headers,
      timeoutMs: plan.timeoutMs,
      http2: plan.transport.http2,
      recorder: recording,
      guard,
      signal: options.signal,
    });
    scripted.push(made);
    return made;
  };
  const makePlain = (name: string, flow: PlainFlowSpec): RunningFlow => {
    const { request } = flow;
    return new PlainFlow({
      client,
      series: recording.series(name, 'plain'),
      authority: target.host,
      headers: plan.headers,
      isChurning: plan.transport.isChurning,
      expect: flow.expect,
      request: typeof request === 'function' ? (user) => request({ data, user, random }) : request,
    });
  };

  return {
    flows: entries.map(([name, flow]) => ({
      flow: makeFlow(name, flow),
      series: recording.series(name, 'request' in flow && isRaw ? 'plain' : 'scripted'),
    })),
    weights: entries.map(([, flow]) => flow.weight ?? 1),
    userAt: (index) => scenario.user?.({ data, index, random: createRandom(plan.seed ^ 1, index) }),
    problems: () => scripted.flatMap((flow) => flow.problems()),
    async close() {
      client.close(isHeld ? 'held' : 'cut');
      await Promise.all(scripted.map((flow) => flow.close()));
    },
  };
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
