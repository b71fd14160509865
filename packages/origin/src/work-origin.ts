// Owns an origin as one of several processes: started, asked and drained by its supervisor.
import { once } from 'node:events';
import type { HandOverNote, SocketHandle, WorkerLink } from '@headgate/supervisor';
import { createRegistry, type MetricFamily, registerProcessMetrics } from '@headgate/telemetry';
import type { GiveAway } from './connections.ts';
import type { Departure } from './lifecycle.ts';
import type { Origin } from './origin.ts';
import { HttpProblem } from './problem.ts';
import type { RunOptions } from './run-origin.ts';
import { createOriginServer, defaultHostname, type OriginServer } from './serve-origin.ts';
import { type CountsQuestion, subjects } from './worker-subjects.ts';

const listener = 'http';
const fresh: HandOverNote = { listener, isReused: false };
/** All workers accept from one queue, which has to hold a burst of clients that come back. */
const backlog = 4096;

/** Serves until the supervisor says drain, or has gone. */
export async function workOrigin(link: WorkerLink, options: RunOptions): Promise<void> {
  let worker: Worker | undefined;
  link.onAsk(subjects.start, async () => {
    worker = await startWorker(link, options);
    link.ready();
  });
  link.onAsk(subjects.counts, (body) => {
    if (!worker) throw new Error('this worker has not started yet');
    return worker.read(body as CountsQuestion);
  });
  link.onDrain(async ({ reason, timeoutMs, mayHandOver }) => {
    if (!worker) return;
    // Also in a stop somebody may be there to go on: the successor of the supervisor.
    const departure = reason === 'stop' && !mayHandOver ? 'address-leaves' : 'address-stays';
    await worker.leave(departure, timeoutMs);
    await link.farewell(worker.read({ isForScrape: true }));
  });
  link.onDisconnect(() => {
    void Promise.resolve(worker?.leave('address-leaves')).finally(() => process.exit(0));
  });
}

interface Worker {
  read(question: CountsQuestion): readonly MetricFamily[];
  /** Resolves when all is over; calling it again changes nothing. */
  leave(departure: Departure, timeoutMs?: number): Promise<void>;
}

async function startWorker(link: WorkerLink, options: RunOptions): Promise<Worker> {
  const { origin, onClosed = async () => {} } = await options.start().catch((error: unknown) => {
    // The supervisor is told the message alone, and whoever has to mend it needs the stack.
    console.error(error);
    throw error;
  });
  const { lifecycle } = origin;
  const processRegistry = createRegistry();
  registerProcessMetrics(processRegistry);
  shareMetrics(origin, link);

  const giveAway: GiveAway = (takeHandle) => {
    if (!link.hasSurplus()) return false;
    const handle = takeHandle();
    if (handle) link.handOver(handle, fresh);
    return handle !== undefined;
  };
  const served = createOriginServer(origin, options, giveAway);
  await listen(link, served, options);
  link.facts(() => ({
    connections: served.connections.count,
    requests: lifecycle.ended,
    inFlight: lifecycle.inFlight,
  }));
  link.onHandedOver((handle) => served.connections.take(handle));
  // Node's HTTP server cannot let go of a connection it has read from; its client can.
  link.onSurplus((count) => lifecycle.giveUp(count));

  let leaving: Promise<void> | undefined;
  return {
    read({ isForScrape }) {
      const counts = origin.registry.read();
      return isForScrape ? [...counts, ...processRegistry.read()] : counts;
    },
    leave(departure, timeoutMs) {
      const onListenerClosed = () => link.unlisten(listener);
      leaving ??= served.close({ departure, timeoutMs, onListenerClosed }).then(onClosed);
      return leaving;
    },
  };
}

async function listen(link: WorkerLink, { server }: OriginServer, options: RunOptions) {
  const { hostname: host = defaultHostname, port } = options;
  const { handle } = await link.listen(listener, { kind: 'tcp', host, port });
  const listening = once(server, 'listening');
  (server as unknown as { listen(handle: SocketHandle, backlog: number): void }).listen(
    handle,
    backlog,
  );
  await listening;
}

function shareMetrics({ metrics }: Origin, link: WorkerLink): void {
  metrics.replace(async () => {
    try {
      return (await link.ask(subjects.metrics, undefined)) as readonly MetricFamily[];
    } catch (error) {
      // The numbers of this process alone would look as if the others had been reset.
      throw new HttpProblem({
        status: 503,
        kind: 'metrics-unavailable',
        side: 'origin',
        retryable: true,
        detail: 'the supervisor, which adds up the numbers of all workers, does not answer',
        cause: error,
      });
    }
  });
}
