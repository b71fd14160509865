/** One metrics endpoint: fetched within limits, and what became of its numbers since last time. */
import { type Dispatcher, request } from 'undici';
import { createMetricReader } from './metric-reader.ts';

const TIME_LIMIT_MS = 1_000;
const MAX_SIZE_BYTES = 4 * 1024 * 1024;

export interface Endpoint {
  /** Fetches, unless it is still at it; never rejects. */
  scrape(): Promise<void>;
  /** Empty when the last scrape failed. */
  latest(): Readonly<Record<string, number>>;
  problems(): string[];
}

export function createEndpoint(options: {
  readonly url: URL;
  readonly now: () => number;
  readonly dispatcher: Dispatcher;
  /** Aborted at the end: what fails from then on is no problem. */
  readonly signal: AbortSignal;
}): Endpoint {
  const { url, now, dispatcher, signal } = options;
  const reader = createMetricReader();
  let isBusy = false;
  let latest: Readonly<Record<string, number>> = {};
  let failure: string | undefined;
  return {
    async scrape() {
      if (isBusy) return;
      isBusy = true;
      try {
        const text = await fetchText(url, dispatcher);
        latest = reader.read(text, now());
      } catch (error) {
        latest = {};
        if (!signal.aborted) failure ??= reasonOf(error as Error);
      } finally {
        isBusy = false;
      }
    },
    latest: () => latest,
    problems: () =>
      [...(failure === undefined ? [] : [failure]), ...reader.problems()].map(
        (problem) => `${url.href}: ${problem}`,
      ),
  };
}

async function fetchText(url: URL, dispatcher: Dispatcher): Promise<string> {
  const limit = new AbortController();
  const timer = setTimeout(() => {
    limit.abort(new Error(`no answer within ${TIME_LIMIT_MS / 1_000} s`));
  }, TIME_LIMIT_MS);
  try {
    const { statusCode, body } = await request(url, {
      dispatcher,
      signal: limit.signal,
      headers: { accept: 'text/plain;version=0.0.4, application/openmetrics-text;q=0.5' },
    });
    const chunks: Buffer[] = [];
    let sizeBytes = 0;
    for await (const chunk of body as AsyncIterable<Buffer>) {
      sizeBytes += chunk.length;
      if (sizeBytes > MAX_SIZE_BYTES) throw new Error('the answer is longer than 4 MiB');
      if (statusCode === 200) chunks.push(chunk);
    }
    if (statusCode !== 200) throw new Error(`answered ${statusCode}, not 200`);
    return Buffer.concat(chunks).toString('utf8');
  } finally {
    clearTimeout(timer);
  }
}

function reasonOf(error: NodeJS.ErrnoException): string {
  if (error.code === 'ECONNREFUSED') return 'nobody listens there';
  return error.message || error.code || 'failed';
}
