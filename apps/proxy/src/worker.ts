/** One worker of `headgate run`: an edge that is started, asked and drained by its supervisor. */
import type { WorkerLink } from '@headgate/supervisor';
import { type Answers, answersOf } from './answers.ts';
import type { EffectiveConfig } from './config.ts';
import { type EdgeDeps, type RunningEdge, startEdge } from './edge.ts';
import type { PurgeOrder } from './edge-cache/purge-order.ts';

/** What the supervisor sends for a start: the configuration, and what this edge is called. */
export interface WorkerStart {
  readonly config: EffectiveConfig;
}

/** What one worker tells the others that it has forgotten. */
interface Announcement {
  readonly from: number;
  readonly keys: readonly string[];
}

/** Serves until the supervisor says drain; resolves when that has gone, and the edge has drained. */
export function runWorker(
  link: WorkerLink,
  depsFor: (config: EffectiveConfig) => EdgeDeps,
): Promise<void> {
  return new Promise((resolve) => {
    let edge: RunningEdge | undefined;
    let answers: Answers | undefined;
    let applied: Promise<void> = Promise.resolve();
    // Of before there was an edge; it may have been serving already when it was ready to take them.
    const early: PurgeOrder[] = [];
    const running = () => {
      if (!edge) throw new Error('this worker has not started yet');
      return edge;
    };
    const answering = () => {
      answers ??= answersOf(running());
      return answers;
    };
    link.onAsk('start', async (body) => {
      const { config } = body as WorkerStart;
      const announce = announcements(link);
      edge = await startEdge(config, { ...depsFor(config), sockets: link, announce });
      link.facts(() => running().facts());
      link.onSurplus((count) => running().giveAway(count));
      link.onHandedOver((handle, note) => running().take(handle, note));
      const { addresses } = edge;
      for (const order of early.splice(0)) await edge.purge(order);
      link.ready();
      return addresses;
    });
    link.onAsk('apply', (body) => {
      const turn = answering().apply(body as EffectiveConfig);
      applied = turn.catch(() => {});
      return turn;
    });
    link.onAsk('services', () => answering().services());
    link.onAsk('metrics', () => answering().metrics());
    link.onAsk('cache', () => answering().cache());
    link.onAsk('purge', (body) => {
      const order = body as PurgeOrder;
      if (edge) return answering().purge(order);
      early.push(order);
      return undefined;
    });
    link.onAsk('forget', (body) => {
      const { from, keys } = body as Announcement;
      if (from !== link.id) edge?.forget(keys);
    });
    link.onDrain(async (order) => {
      if (!edge) return;
      // What is just being opened is to be drained as well.
      await applied;
      await edge.drain(order);
      // What was counted since the last scrape.
      await link.farewell(edge.metrics());
    });
    link.onDisconnect(() => {
      void Promise.resolve(edge?.drain()).then(resolve);
    });
  });
}

/** What is announced in one turn leaves in one message; who cannot be told has gone. */
function announcements(link: WorkerLink): (keys: readonly string[]) => void {
  const due = new Set<string>();
  const announce = () => {
    const keys = [...due];
    due.clear();
    link.gather('forget', { from: link.id, keys } satisfies Announcement).catch(() => {});
  };
  return (keys) => {
    if (link.workers < 2) return;
    if (due.size === 0) setImmediate(announce);
    for (const key of keys) due.add(key);
  };
}
