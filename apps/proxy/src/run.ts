/** `headgate run`: from a config file to a running edge, and its signals. */
import { formatProblems, type Loaded } from '@headgate/config';
import type { ProxyConfig } from './config.ts';
import type { RunningEdge } from './edge.ts';

type StopSignal = 'SIGTERM' | 'SIGINT' | 'disconnect';

export interface RunDeps {
  load(): Promise<Loaded<ProxyConfig>>;
  start(config: ProxyConfig): Promise<RunningEdge>;
  /** One line for people. */
  print(line: string): void;
  complain(line: string): void;
  /** `disconnect`: the process that started this one over a channel has gone. */
  onSignal(signal: StopSignal | 'SIGHUP', act: () => void): void;
}

/** Resolves with the exit code once the edge has drained; a second stop signal exits at once. */
export async function run(deps: RunDeps): Promise<number> {
  const loaded = await deps.load();
  if (!loaded.ok) {
    deps.complain(formatProblems(loaded.problems));
    return 1;
  }
  let edge: RunningEdge;
  try {
    edge = await deps.start(loaded.config);
  } catch (error) {
    deps.complain(error instanceof Error ? error.message : String(error));
    return 1;
  }
  for (const address of edge.addresses) deps.print(`listening on ${reachableAt(address)}`);
  if (edge.adminAddress) deps.print(`admin on ${reachableAt(edge.adminAddress)}`);
  deps.print(`limits: ${loaded.config.limits.maxInFlight} requests in flight`);
  deps.print('ready');

  let isStopping = false;
  let reloading = Promise.resolve();
  deps.onSignal('SIGHUP', () => {
    reloading = reloading.then(() => (isStopping ? undefined : reload(deps, edge)));
  });
  return new Promise((resolve) => {
    const stop = () => {
      if (isStopping) return resolve(1);
      isStopping = true;
      deps.print('draining');
      // A reload under way may be opening listeners; those are to be drained as well.
      void reloading
        .then(() => edge.drain())
        .then(
          () => resolve(0),
          (error) => {
            deps.complain(`draining failed: ${error instanceof Error ? error.message : error}`);
            resolve(1);
          },
        );
    };
    deps.onSignal('SIGTERM', stop);
    deps.onSignal('SIGINT', stop);
    deps.onSignal('disconnect', stop);
  });
}

async function reload(deps: RunDeps, edge: RunningEdge): Promise<void> {
  const loaded = await deps.load();
  if (!loaded.ok) {
    edge.countRefusedReload();
    deps.complain(
      `reload refused, the old configuration stays:\n${formatProblems(loaded.problems)}`,
    );
    return;
  }
  try {
    await edge.apply(loaded.config);
    deps.print('reloaded');
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    deps.complain(`reload refused, the old configuration stays: ${why}`);
  }
}

/** Unix sockets have no URL. */
function reachableAt(address: string): string {
  return address.startsWith('unix:') ? address : `http://${address}`;
}
