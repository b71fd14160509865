/** `headgate run`: from a config file to a running proxy, what it prints, and its signals. */
import { formatProblems, type Loaded } from '@headgate/config';
import type { SignalAction, SignalContext } from '@headgate/supervisor';
import type { ProxyConfig } from './config.ts';

type ActionContext = Omit<SignalContext, 'isOnTerminal'>;

/** A proxy that serves, however many processes it has. */
export interface RunningProxy {
  /** Where it accepts, in the order of the config. */
  readonly addresses: readonly string[];
  readonly adminAddress: string | undefined;
  /** Over all processes. */
  readonly maxInFlight: number;
  /** Reads the configuration again, and says how that went. */
  reload(): Promise<void>;
  /** One worker more or less. */
  scale(by: 1 | -1): Promise<void>;
  /** There is another proxy on the same sockets, started by `upgrade`. */
  readonly hasSuccessor: boolean;
  /** Starts a successor from the program as it is now, on the same sockets. */
  upgrade(): Promise<void>;
  /** Drains the workers and stays, so that a successor can be tried; `reload` brings them back. */
  retire(): Promise<void>;
  /** What is still open, over all processes. */
  progress(): { readonly connections: number; readonly inFlight: number };
  /** Resolves when nothing is left. */
  stop(how: 'graceful' | 'quick'): Promise<void>;
}

export interface RunDeps {
  load(): Promise<Loaded<ProxyConfig>>;
  open(config: ProxyConfig): Promise<RunningProxy>;
  /** One line for people. */
  print(line: string): void;
  complain(line: string): void;
  /** Calls `act` for every signal that asks for something, in the light of `context`. */
  onAction(context: () => ActionContext, act: (action: SignalAction, signal: string) => void): void;
  /** Calls `act` again and again until the function it returns is called. */
  every(periodMs: number, act: () => void): () => void;
  /** The process that started this one over a channel has gone. */
  onDisconnect(act: () => void): void;
}

/** A drain that takes longer says how far it is. */
const PROGRESS_MS = 5_000;

/**
 * Resolves with the exit code once all has drained; a second stop signal exits at once, and so does one
 * during the start, when nobody is served yet. What other signals ask for is done after the start.
 */
export function run(deps: RunDeps): Promise<number> {
  const starting = start(deps);
  let proxy: RunningProxy | undefined;
  let stopping: 'graceful' | 'quick' | undefined;
  return new Promise((resolve) => {
    void starting.then((started) => {
      proxy = started;
      if (!started) resolve(1);
    });
    const stop = (how: 'graceful' | 'quick') => {
      if (stopping === 'quick') return;
      // Whoever has to say it twice did not get what was wanted.
      const code = stopping === undefined ? 0 : 1;
      stopping = how;
      const running = proxy;
      if (code === 0) deps.print(how === 'graceful' && running ? 'draining' : 'stopping');
      if (!running) {
        resolve(code);
        return;
      }
      const stopTelling = deps.every(PROGRESS_MS, () => {
        const { connections, inFlight } = running.progress();
        deps.print(`draining: ${inFlight} requests in flight on ${connections} connections`);
      });
      running
        .stop(how)
        .finally(stopTelling)
        .then(
          () => resolve(stopping === how ? code : 1),
          (error) => {
            deps.complain(
              `${how === 'graceful' ? 'draining' : 'stopping'} failed: ${reasonOf(error)}`,
            );
            resolve(1);
          },
        );
    };
    const started = (act: (running: RunningProxy) => Promise<void>) => async () => {
      const running = await starting;
      if (running && stopping === undefined) await act(running);
    };
    const acts: Readonly<Record<SignalAction, () => void | Promise<void>>> = {
      stop: () => stop('graceful'),
      'stop-quick': () => stop('quick'),
      reload: started((running) => running.reload()),
      'add-worker': started((running) => running.scale(1)),
      'remove-worker': started((running) => running.scale(-1)),
      upgrade: started((running) => running.upgrade()),
      'drain-workers': started((running) => running.retire()),
    };
    const context = () => ({
      isStopping: stopping !== undefined,
      hasSuccessor: proxy?.hasSuccessor === true,
    });
    deps.onAction(context, (action, signal) => {
      Promise.resolve(acts[action]()).catch((error) =>
        deps.complain(`${signal}: ${reasonOf(error)}`),
      );
    });
    deps.onDisconnect(() => {
      if (stopping === undefined) stop('graceful');
    });
  });
}

/** Undefined when it cannot serve; why has been told. */
async function start(deps: RunDeps): Promise<RunningProxy | undefined> {
  try {
    const loaded = await deps.load();
    if (!loaded.ok) {
      deps.complain(formatProblems(loaded.problems));
      return undefined;
    }
    const proxy = await deps.open(loaded.config);
    for (const address of proxy.addresses) deps.print(`listening on ${reachableAt(address)}`);
    if (proxy.adminAddress) deps.print(`admin on ${reachableAt(proxy.adminAddress)}`);
    deps.print(`limits: ${proxy.maxInFlight} requests in flight`);
    deps.print('ready');
    return proxy;
  } catch (error) {
    deps.complain(reasonOf(error));
    return undefined;
  }
}

/** Unix sockets have no URL. */
function reachableAt(address: string): string {
  return address.startsWith('unix:') ? address : `http://${address}`;
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
