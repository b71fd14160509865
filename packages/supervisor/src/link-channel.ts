/** A worker's end of the channel to its supervisor. */
import type { SocketHandle } from './listen-sockets.ts';
import type { ToSupervisor, ToWorker } from './messages.ts';

export interface LinkChannel {
  readonly isConnected: boolean;
  /**
   * `done` is called when the message is on its way or cannot be sent; never when the channel
   * closes while messages wait. Throws when the message cannot be cloned.
   */
  send(message: ToSupervisor, handle?: SocketHandle, done?: () => void): void;
  onMessage(act: (message: ToWorker, handle: SocketHandle | undefined) => void): void;
  onDisconnect(act: () => void): void;
  /** Ends the process. */
  exit(code: number): void;
}

/** The channel of this process; undefined when it was not forked by a supervisor. */
export function channelOfProcess(): LinkChannel | undefined {
  if (!process.send) return undefined;
  // Its declared type knows no raw handles.
  const send = process.send.bind(process) as unknown as (
    message: ToSupervisor,
    handle: SocketHandle | undefined,
    options: object,
    done: () => void,
  ) => void;
  return {
    get isConnected() {
      return process.connected;
    },
    send: (message, handle, done = () => {}) => send(message, handle, {}, done),
    onMessage: (act) => {
      process.on('message', (message, handle) => {
        act(message as ToWorker, handle as SocketHandle | undefined);
      });
    },
    onDisconnect: (act) => void process.on('disconnect', act),
    exit: (code) => process.exit(code),
  };
}
