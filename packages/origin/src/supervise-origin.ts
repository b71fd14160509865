// Owns an origin as several processes: the one that keeps the address and looks after the workers.
import {
  createSupervisor,
  describe,
  inheritedSockets,
  predecessorOf,
  type Supervisor,
  type Upgrader,
  workerEnvironment,
} from '@headgate/supervisor';
import type { MetricFamily } from '@headgate/telemetry';
import { endOnSignals } from './early-signals.ts';
import { obeySignals, type PassedOn } from './obey-signals.ts';
import type { RunOptions } from './run-origin.ts';
import { defaultDrainTimeoutMs, urlOf } from './serve-origin.ts';
import { SharedMetrics } from './shared-metrics.ts';
import { subjects } from './worker-subjects.ts';

const readyTimeoutMs = 30_000;
const stuckAfterMs = 10_000;
const scrapeTimeoutMs = 2_000;
/** At most so much of what a worker counted is lost when it is killed. */
const pollIntervalMs = 5_000;

/** Keeps `count` workers serving until a signal, or the loss of a parent that holds an IPC channel. */
export async function superviseOrigin(count: number, options: RunOptions): Promise<void> {
  const say = (line: string) => console.error(`${options.name}: ${line}`);
  const [, file] = process.argv;
  if (file === undefined) {
    say('workers are started from the file of the program, and this one has none');
    process.exit(1);
  }
  const predecessor = predecessorOf(process.env);
  const passedOn = predecessor?.state as PassedOn | undefined;
  const inherited = inheritedSockets(process.env, process.pid);
  for (const problem of inherited.problems) say(problem);

  let upgrader: Upgrader | undefined;
  const supervisor: Supervisor = createSupervisor({
    ...limitsOf(options),
    workers: passedOn?.workers ?? count,
    start: {
      file,
      args: process.argv.slice(2),
      env: workerEnvironment(process.env),
    },
    adopted: inherited.sockets,
    async prepare(ask) {
      await ask(subjects.start, undefined);
    },
    answer(subject) {
      if (subject === subjects.metrics) return metrics.scrape();
      throw new Error(`the supervisor answers nothing about ${subject}`);
    },
    elsewhere: {
      isThere: () => upgrader?.successor !== undefined,
      handOver: (handle, note) => upgrader?.handOver(handle, note) ?? false,
    },
    onFarewell: (worker, body) => metrics.counted(worker, body as readonly MetricFamily[]),
    onEvent(event) {
      say(describe(event));
      if (event.type === 'worker-left' || event.type === 'worker-died') metrics.left(event.worker);
    },
  });
  const metrics = new SharedMetrics({
    ask: (question) => supervisor.ask(subjects.counts, question, { timeoutMs: scrapeTimeoutMs }),
    workers: () => countStates(supervisor),
  });

  const started = endOnSignals();
  try {
    await supervisor.start();
  } catch (error) {
    say((error as Error).message);
    process.exit(1);
  }
  for (const { endpoint } of supervisor.sockets.closeUnused()) {
    say(`a socket that was passed on is not used, and was closed: ${JSON.stringify(endpoint)}`);
  }
  setInterval(() => void metrics.poll(), pollIntervalMs).unref();
  started();
  predecessor?.onConnection((handle, note) => supervisor.takeIn(handle, note));
  const obeying = obeySignals({
    supervisor,
    say,
    onUpgrader(made) {
      upgrader = made;
    },
  });
  // Only now: whoever reads it may send a signal at once.
  console.log(`${options.name} listening on ${addressOf(supervisor)}`);
  await obeying;
}

/** What the supervisor makes of the settings; workers are told the rest by the environment. */
function limitsOf({ drainTimeoutMs, maxRequests, maxAgeMs, maxMemoryBytes }: RunOptions) {
  return {
    readyTimeoutMs,
    stuckAfterMs,
    drainTimeoutMs: drainTimeoutMs ?? defaultDrainTimeoutMs,
    recycle: { requests: maxRequests, ageMs: maxAgeMs, memoryBytes: maxMemoryBytes },
  };
}

function addressOf({ sockets }: Supervisor): string {
  const [socket] = sockets.descriptors();
  return socket?.endpoint.kind === 'tcp' ? urlOf(socket.endpoint.host, socket.endpoint.port) : '';
}

function countStates({ workers }: Supervisor): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { state } of workers) counts.set(state, (counts.get(state) ?? 0) + 1);
  return counts;
}
