/** One worker of `headgate run`: an edge that is started, asked and drained by its supervisor. */
import type { WorkerLink } from '@headgate/supervisor';
import { type Answers, answersOf } from './answers.ts';
import type { EffectiveConfig } from './config.ts';
import { type EdgeDeps, type RunningEdge, startEdge } from './edge.ts';

/** What the supervisor sends for a start: the configuration, and what this edge is called. */
export interface WorkerStart {
  readonly config: EffectiveConfig;
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
      edge = await startEdge(config, { ...depsFor(config), sockets: link });
      link.facts(() => running().facts());
      link.onSurplus((count) => running().giveAway(count));
      link.onHandedOver((handle, note) => running().take(handle, note));
      const { addresses } = edge;
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
