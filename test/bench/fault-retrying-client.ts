/**
 * A client that repeats what has failed, at once. On `node:http`: the client of flows takes
 * seconds to give up thousands of requests, and this is about clients that do.
 */
import { Agent, type OutgoingHttpHeaders, request } from 'node:http';

export interface RetryingClientOptions {
  readonly target: string;
  /** Of one request. */
  readonly timeoutMs: number;
  /** Further requests after the first one. */
  readonly retries: number;
  /** Made for every request. */
  readonly headers: () => OutgoingHttpHeaders;
}

/** What one user of it does; rejects when the last request has failed. */
export function createRetryingClient(options: RetryingClientOptions): () => Promise<void> {
  const agent = new Agent({ keepAlive: true });
  return async () => {
    for (let left = options.retries; ; left--) {
      try {
        return await ask(options, agent);
      } catch (error) {
        if (left === 0) throw error;
      }
    }
  };
}

function ask({ target, timeoutMs, headers }: RetryingClientOptions, agent: Agent): Promise<void> {
  return new Promise((resolve, reject) => {
    const asking = request(target, { agent, headers: headers() }, (answer) => {
      answer.once('error', reject).resume();
      answer.once('end', () => {
        if (answer.statusCode === 200) resolve();
        else reject(new Error(`status ${answer.statusCode}`));
      });
    });
    const timer = setTimeout(() => asking.destroy(new Error('no answer in time')), timeoutMs);
    asking
      .once('error', reject)
      .once('close', () => clearTimeout(timer))
      .end();
  });
}
