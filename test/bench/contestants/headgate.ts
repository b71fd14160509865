/** Headgate as shipped: health checks and metrics on, forwarding headers and request ids added. */
import { join } from 'node:path';
import type { ProxyConfigInput } from '@headgate/proxy';
import { headgateMain } from '../../support/headgate-command.ts';
import type { ConcurrentContestant, ProxyCounts } from './concurrent.ts';
import { type Contestant, manifestVersion, type Place } from './contestant.ts';

const manifest = new URL('../../../apps/proxy/package.json', import.meta.url);

/** Access log off, which is the default. */
export const headgate = headgateWith('headgate', () => ({}));

/** The same with its access log in a file. */
export const headgateAccessLog = headgateWith('headgate-access-log', ({ folder }) => ({
  accessLog: { file: join(folder, 'access.log') },
}));

/** The same with two workers, for what sharing costs. */
export const headgateTwoWorkers = headgateWith('headgate-2-workers', () => ({ workers: 2 }));

/** With many workers, patient with origins and with clients that say nothing. */
export function headgateOf(workers: number): ConcurrentContestant {
  return {
    ...headgateWith('headgate', (place) => {
      const { services, ...config } = defaultConfig(place);
      const timeouts = { connect: '60s', firstByte: '15m' };
      return {
        ...config,
        workers,
        // All of them start on one core.
        supervision: { readyTimeout: '60s' },
        timeouts: { clientKeepAlive: '15m' },
        limits: { maxInFlight: 9_000 },
        services: { origins: { ...services.origins, timeouts } } as typeof services,
      };
    }),
    maxInFlight: Number.POSITIVE_INFINITY,
    maxIdle: Number.POSITIVE_INFINITY,
    status: {
      readyPath: '/ready',
      path: '/metrics',
      read: readMetrics,
      workers: { path: '/api/workers', read: readWorkers },
    },
  };
}

function readMetrics(text: string): ProxyCounts {
  const sum = (name: string) => {
    const values = [...text.matchAll(new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, 'gm'))];
    return values.length === 0
      ? Number.NaN
      : values.reduce((total, [, value]) => total + Number(value), 0);
  };
  return {
    inFlight: sum('headgate_upstream_in_flight'),
    connections: sum('headgate_client_connections'),
  };
}

function readWorkers(text: string): readonly ProxyCounts[] {
  return (JSON.parse(text) as { readonly workers: readonly ProxyCounts[] }).workers.map(
    ({ inFlight, connections }) => ({ inFlight, connections }),
  );
}

function headgateWith(
  name: string,
  settings: (place: Place) => Partial<ProxyConfigInput>,
): Contestant {
  return {
    name,
    version: () => manifestVersion(manifest),
    launch(place) {
      const config = { ...defaultConfig(place), ...settings(place) };
      return {
        command: process.execPath,
        args: [headgateMain, 'run', '--config', join(place.folder, 'headgate.config.json')],
        files: { 'headgate.config.json': JSON.stringify(config) },
      };
    },
  };
}

function defaultConfig({ port, adminPort, origins }: Place): ProxyConfigInput {
  return {
    listeners: [{ address: `127.0.0.1:${port}` }],
    admin: { address: `127.0.0.1:${adminPort}` },
    services: {
      origins: {
        upstreams: origins.map((address) => ({ url: `http://${address}` })),
        healthCheck: { path: '/health' },
      },
    },
    routes: [{ service: 'origins' }],
  };
}
