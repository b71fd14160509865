/** What the admin listener of an edge says. */
import { eventually } from './eventually.ts';
import type { ProxyProcess } from './proxy-process.ts';
import { exchangeOnce, get } from './raw-client.ts';

export interface UpstreamReport {
  readonly url: string;
  readonly weight: number;
  readonly verdict: string;
  readonly isDraining: boolean;
  readonly inFlight: number;
  readonly requests: number;
  readonly failures: number;
  readonly history: readonly { readonly what: string }[];
}

export interface ServiceReport {
  readonly name: string;
  readonly inFlight: number;
  readonly isPanicking: boolean;
  readonly upstreams: readonly UpstreamReport[];
}

/** One sample of a metric. */
export interface Sample {
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** The services of `/api/services`. */
async function readServices(proxy: ProxyProcess): Promise<readonly ServiceReport[]> {
  // By address: under any other name it would be refused.
  const head = ['GET /api/services HTTP/1.1', 'Host: 127.0.0.1', 'Connection: close', '', ''];
  const response = await exchangeOnce(proxy.adminPort, head.join('\r\n'));
  return (JSON.parse(response.text) as { services: ServiceReport[] }).services;
}

/** The service called `app`. */
export async function readApp(proxy: ProxyProcess): Promise<ServiceReport> {
  const app = (await readServices(proxy)).find(({ name }) => name === 'app');
  if (!app) throw new Error('the edge has no service called app');
  return app;
}

/** Samples of one metric, from the text format. */
export async function readMetric(proxy: ProxyProcess, name: string): Promise<Sample[]> {
  const { text } = await get(proxy.adminPort, '/metrics', 'Connection: close');
  const samples: Sample[] = [];
  for (const line of text.split('\n')) {
    const match = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? (\S+)$/.exec(line);
    if (match?.[1] !== name) continue;
    const labels = [...(match[2] ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
    samples.push({
      labels: Object.fromEntries(labels.map(([, key, value]) => [key as string, value as string])),
      value: Number(match[3]),
    });
  }
  return samples;
}

/** Waits until so many requests are in flight, by the API and by the metrics alike. */
export async function awaitInFlight(proxy: ProxyProcess, expected: number): Promise<void> {
  await eventually(async () => {
    const { inFlight } = await readApp(proxy);
    if (inFlight !== expected) throw new Error(`${inFlight} in flight, expected ${expected}`);
    const gauges = await readMetric(proxy, 'headgate_upstream_in_flight');
    const counted = gauges.reduce((sum, { value }) => sum + value, 0);
    if (counted !== expected) throw new Error(`metrics say ${counted} in flight, not ${expected}`);
  });
}
