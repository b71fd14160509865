/**
 * Clients that ask over one connection each, one request after the other, and obey the server:
 * after `Connection: close` they connect anew. They tell a request that was lost (sent, but not
 * answered) from one that never found a listener.
 */
import { Agent, get } from 'node:http';

export interface KeepAliveClients {
  readonly answered: number;
  /** Sent on an open connection and not answered in full. */
  readonly lost: readonly string[];
  /** Told that nobody listens any more. */
  readonly refused: number;
  stop(): Promise<void>;
}

export function startClients(url: string, count: number): KeepAliveClients {
  const lost: string[] = [];
  let answered = 0;
  let refused = 0;
  let isOver = false;

  const live = async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    while (!isOver) {
      const ending = await askOnce(url, agent);
      if (ending === 'answered') answered++;
      else if (ending === 'refused') {
        refused++;
        break;
      } else lost.push(ending);
    }
    agent.destroy();
  };
  const clients = Array.from({ length: count }, live);
  return {
    get answered() {
      return answered;
    },
    get refused() {
      return refused;
    },
    lost,
    async stop() {
      isOver = true;
      await Promise.all(clients);
    },
  };
}

function askOnce(url: string, agent: Agent): Promise<'answered' | 'refused' | string> {
  return new Promise((resolve) => {
    const asking = get(url, { agent }, (answer) => {
      answer.resume();
      answer.once('close', () => {
        const isWhole = answer.complete && answer.statusCode === 200;
        resolve(isWhole ? 'answered' : `status ${answer.statusCode}, complete ${answer.complete}`);
      });
    });
    asking.once('error', (error: NodeJS.ErrnoException) => {
      resolve(error.code === 'ECONNREFUSED' ? 'refused' : `error ${error.code}`);
    });
  });
}
