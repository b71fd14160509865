/** Metrics of the system under test, once per second, beside the load and never in its way. */
import { Agent } from 'undici';
import { createEndpoint } from './scrape-endpoint.ts';

const INTERVAL_MS = 1_000;

export interface ScraperOptions {
  /** Of metrics endpoints that answer in the Prometheus text format. */
  readonly urls: readonly URL[];
  /** Milliseconds of a monotonic clock. */
  readonly now: () => number;
}

export interface Scraper {
  /**
   * What the last scrape found, as `name{label="value"}`, with `host:port ` before it when there
   * are several endpoints: counters as increase per second, gauges as they are, and the mean of
   * what a histogram or summary took in since the scrape before as `name_mean`.
   */
  latest(): Record<string, number>;
  /** What went wrong, each once: endpoints that do not answer, lines that are no metrics. */
  problems(): string[];
  /** Stops, and closes its connections. */
  close(): Promise<void>;
}

/** Scrapes at once, and then every second; an endpoint that fails costs its metrics only. */
export function createScraper({ urls, now }: ScraperOptions): Scraper {
  const agent = new Agent({ connections: 1 });
  const closing = new AbortController();
  const { signal } = closing;
  const endpoints = urls.map((url) => createEndpoint({ url, now, dispatcher: agent, signal }));
  const scrapeAll = () => {
    for (const endpoint of endpoints) void endpoint.scrape();
  };
  scrapeAll();
  const timer = setInterval(scrapeAll, INTERVAL_MS);
  return {
    latest() {
      const [only] = endpoints;
      if (only !== undefined && endpoints.length === 1) return { ...only.latest() };
      const prefixed = endpoints.flatMap((endpoint, i) =>
        Object.entries(endpoint.latest()).map(([key, value]) => [
          `${(urls[i] as URL).host} ${key}`,
          value,
        ]),
      );
      return Object.fromEntries(prefixed);
    },
    problems: () => endpoints.flatMap((endpoint) => endpoint.problems()),
    async close() {
      clearInterval(timer);
      closing.abort();
      await agent.destroy();
    },
  };
}
