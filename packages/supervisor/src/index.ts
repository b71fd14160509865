/** Processes that serve together: a supervisor, its workers, and the sockets they share. */
export { describe, type SupervisorEvent } from './events.ts';
export type { WorkerExit, WorkerProgram } from './fork.ts';
export { inheritedSockets, workerEnvironment } from './inherited.ts';
export { joinSupervisor, type WorkerLink } from './link.ts';
export type { AdoptedSocket, ListenSocket, SocketHandle } from './listen-sockets.ts';
export type {
  DrainOrder,
  DrainReason,
  HandOverNote,
  ListenEndpoint,
  WorkerAnswer,
  WorkerFacts,
} from './messages.ts';
export { createNotifier, runSystemdNotify } from './notify.ts';
export { removePidFile, writePidFile } from './pid-file.ts';
export type { RecycleLimits } from './recycle.ts';
export type { ReplaceResult } from './rolling.ts';
export { handleSignals, type SignalAction, type SignalContext } from './signals.ts';
export {
  type Adjustable,
  type AskOptions,
  createSupervisor,
  type Supervisor,
  type SupervisorDeps,
  type SupervisorOptions,
  type WorkerStatus,
} from './supervisor.ts';
export { type Predecessor, predecessorOf, Upgrader, wasUpgraded } from './upgrade.ts';
export type { WorkerState } from './worker-process.ts';
