/** Signals to the supervisor, as those who run Gunicorn or nginx know them. */

/** What a signal asks for. */
export type SignalAction =
  /** Drain and end. */
  | 'stop'
  /** End at once. */
  | 'stop-quick'
  /** Read the configuration again; the workers stay. Brings them back after `drain-workers`. */
  | 'reload'
  | 'add-worker'
  | 'remove-worker'
  /** Start a successor from the program on disk, with the same sockets. */
  | 'upgrade'
  /** Drain all workers and stay, so that `reload` can bring them back. */
  | 'drain-workers';

/** Decides what some signals mean; read when one arrives. */
export interface SignalContext {
  readonly isStopping: boolean;
  /** A supervisor started by an upgrade is running. */
  readonly hasSuccessor: boolean;
  readonly isOnTerminal: boolean;
}

/** Not SIGUSR1: with it Node opens its inspector. */
const HANDLED = [
  'SIGTERM',
  'SIGINT',
  'SIGQUIT',
  'SIGHUP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGUSR2',
  'SIGWINCH',
] as const;

export type HandledSignal = (typeof HANDLED)[number];

/** Undefined: the signal means nothing now. */
export function actionOf(signal: HandledSignal, context: SignalContext): SignalAction | undefined {
  switch (signal) {
    case 'SIGTERM':
    case 'SIGINT':
      return context.isStopping ? 'stop-quick' : 'stop';
    case 'SIGQUIT':
      return 'stop-quick';
    case 'SIGWINCH': {
      // A terminal sends it whenever its window changes its size.
      const isMeant = context.hasSuccessor || !context.isOnTerminal;
      return isMeant && !context.isStopping ? 'drain-workers' : undefined;
    }
    default:
      return context.isStopping ? undefined : WHILE_SERVING[signal];
  }
}

const WHILE_SERVING = {
  SIGHUP: 'reload',
  SIGTTIN: 'add-worker',
  SIGTTOU: 'remove-worker',
  SIGUSR2: 'upgrade',
} as const;

/** The part of `process` that signals come through. */
interface SignalSource {
  on(signal: HandledSignal, listener: (signal: HandledSignal) => void): unknown;
  off(signal: HandledSignal, listener: (signal: HandledSignal) => void): unknown;
}

export interface SignalDeps {
  readonly source: SignalSource;
  readonly context: () => SignalContext;
  readonly act: (action: SignalAction, signal: HandledSignal) => void;
}

/** Handles signals from now until what it returns is called. */
export function handleSignals({ source, context, act }: SignalDeps): () => void {
  const onSignal = (signal: HandledSignal) => {
    const action = actionOf(signal, context());
    if (action) act(action, signal);
  };
  for (const signal of HANDLED) source.on(signal, onSignal);
  return () => {
    for (const signal of HANDLED) source.off(signal, onSignal);
  };
}
