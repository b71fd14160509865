/** The processes that serve, as the control plane sees them: workers, or this process alone. */
import type { WorkerAnswer } from '@headgate/supervisor';
import type { Subject } from '../answers.ts';
import type { ProxyConfig } from '../config.ts';
import type { WorkerReport } from './control-api.ts';

/** Those that serve and take new connections, all there are, or one that serves by its number. */
export type Asked = 'ready' | 'all' | number;

/** How a change of the processes ended. */
export type FleetResult = { readonly ok: true } | { readonly ok: false; readonly why: string };

export interface Fleet {
  /** Every process there is. */
  list(): readonly WorkerReport[];
  /** Asks all that are ready, or others; one that has gone meanwhile answers with a refusal. */
  ask(subject: Subject, body?: unknown, asked?: Asked): Promise<readonly WorkerAnswer[]>;
  /** Replaces every process by a new one, one after another. */
  restart(): Promise<FleetResult>;
  /** From now on so many processes. */
  scale(workers: number): Promise<FleetResult>;
  /** Takes from `config` how the processes are cared for. */
  configure(config: ProxyConfig): void;
}
