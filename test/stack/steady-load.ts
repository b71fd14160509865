/** GET requests at a fixed rate, whatever the answers take: arrivals are planned, not awaited. */
import { Agent, request } from 'undici';

interface Answer {
  readonly status: number;
  readonly body: string;
}

export interface SteadyLoad {
  readonly answers: readonly Answer[];
  /** What went wrong with requests that got no answer. */
  readonly failures: readonly string[];
  /** Sends nothing more and waits for what is under way. */
  stop(): Promise<void>;
}

/** Starts at once; `path` is given the number of the request. */
export function startLoad(
  url: string,
  requestsPerSecond: number,
  path: (index: number) => string,
): SteadyLoad {
  const agent = new Agent({ connections: 256, keepAliveTimeout: 30_000 });
  const answers: Answer[] = [];
  const failures: string[] = [];
  const pending = new Set<Promise<void>>();
  const startedMs = performance.now();
  let sent = 0;

  const send = async (index: number) => {
    try {
      const answer = await request(url + path(index), { dispatcher: agent });
      answers.push({ status: answer.statusCode, body: await answer.body.text() });
    } catch (error) {
      failures.push(`${path(index)}: ${(error as Error & { code?: string }).code ?? error}`);
    }
  };
  const timer = setInterval(() => {
    const due = Math.floor(((performance.now() - startedMs) / 1_000) * requestsPerSecond);
    for (; sent < due; sent++) {
      const sending = send(sent);
      pending.add(sending);
      void sending.finally(() => pending.delete(sending));
    }
  }, 5);

  return {
    answers,
    failures,
    async stop() {
      clearInterval(timer);
      await Promise.all(pending);
      await agent.close();
    },
  };
}
