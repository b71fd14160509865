/** An operator of a running edge: asks its admin listener, and changes things with a token. */
import { eventually } from './eventually.ts';
import type { ProxyProcess } from './proxy-process.ts';

/** For `admin.token` of a configuration under test. */
export const TOKEN = 'an-operator-of-tests';

export interface WorkerSeen {
  readonly id: number;
  readonly pid: number;
  readonly state: string;
  readonly connections: number;
  readonly inFlight: number;
  readonly requests: number;
}

export async function readAdmin<T>(proxy: ProxyProcess, path: string): Promise<T> {
  const answer = await fetch(`http://127.0.0.1:${proxy.adminPort}${path}`, {
    headers: { connection: 'close' },
  });
  return (await answer.json()) as T;
}

/** The workers that are ready, oldest first. */
export async function readyWorkers(proxy: ProxyProcess): Promise<WorkerSeen[]> {
  const { workers } = await readAdmin<{ workers: WorkerSeen[] }>(proxy, '/api/workers');
  return workers.filter(({ state }) => state === 'ready').sort((a, b) => a.id - b.id);
}

/** Waits until so many workers are ready, and no other is there. */
export async function awaitWorkers(proxy: ProxyProcess, count: number): Promise<WorkerSeen[]> {
  return eventually(async () => {
    const { workers } = await readAdmin<{ workers: WorkerSeen[] }>(proxy, '/api/workers');
    const states = workers.map(({ state }) => state);
    if (states.length !== count || states.some((state) => state !== 'ready')) {
      throw new Error(`expected ${count} ready workers, there are: ${states.join(', ')}`);
    }
    return workers;
  });
}

export interface Changed {
  readonly status: number;
  readonly body: { readonly changed?: readonly string[]; readonly detail?: string };
}

/** Asks for a change, and waits until it has been made or refused. */
export async function change(
  proxy: ProxyProcess,
  path: string,
  body: object = {},
  token: string = TOKEN,
): Promise<Changed> {
  const answer = await fetch(`http://127.0.0.1:${proxy.adminPort}${path}`, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${token}`,
      'content-type': 'application/json',
      connection: 'close',
    },
    body: JSON.stringify(body),
  });
  return { status: answer.status, body: (await answer.json()) as Changed['body'] };
}
