/** `headgate run --single`: control plane and data path in one process, without a supervisor. */
import type { EffectiveConfig, ProxyConfig } from './config.ts';
import { type OpenControlDeps, openControl } from './control/open-control.ts';
import { createSingleFleet } from './control/single-fleet.ts';
import { type EdgeDeps, startEdge } from './edge.ts';
import type { RunningProxy } from './run.ts';

export interface SingleDeps extends OpenControlDeps {
  readonly edgeDeps: (config: EffectiveConfig) => EdgeDeps;
  readonly memoryBytes: () => number;
  readonly sleep: (ms: number) => Promise<void>;
}

/** Rejects with a readable message, and nothing left open, when it cannot serve. */
export async function openSingle(config: ProxyConfig, deps: SingleDeps): Promise<RunningProxy> {
  const { plane, control, surroundings } = await openControl(config, { ...deps, workers: 1 });
  const edge = await startEdge(plane.effective, deps.edgeDeps(plane.effective)).catch(
    async (error) => {
      await surroundings.close();
      throw error;
    },
  );
  plane.attach(createSingleFleet(edge, deps));
  try {
    await surroundings.open(config);
  } catch (error) {
    await Promise.all([edge.drain(), surroundings.close()]);
    throw error;
  }
  const cannot = (what: string) => async () => {
    throw new Error(`there is one process and no supervisor, which cannot ${what}`);
  };
  return {
    addresses: edge.addresses,
    adminAddress: surroundings.adminAddress,
    maxInFlight: config.limits.maxInFlight,
    hasSuccessor: false,
    async reload() {
      await control.reload('SIGHUP');
    },
    scale: cannot('scale'),
    upgrade: cannot('be upgraded'),
    // A terminal sends this whenever its window changes.
    retire: async () => {},
    progress: () => edge.facts(),
    async stop(how) {
      if (how === 'quick') return;
      plane.drain();
      // A reload under way may be opening listeners; those are to be drained as well.
      await plane.settled();
      await deps.sleep(plane.config().timeouts.drainDelay);
      await edge.drain();
      await surroundings.close();
    },
  };
}
