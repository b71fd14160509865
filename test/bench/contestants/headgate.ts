/** Headgate as shipped: health checks and metrics on, forwarding headers and request ids added. */
import { join } from 'node:path';
import type { ProxyConfigInput } from '@headgate/proxy';
import { headgateMain } from '../../support/headgate-command.ts';
import { type Contestant, manifestVersion, type Place } from './contestant.ts';

const manifest = new URL('../../../apps/proxy/package.json', import.meta.url);

/** Access log off, which is the default. */
export const headgate = headgateWith('headgate', () => ({}));

/** The same with its access log in a file. */
export const headgateAccessLog = headgateWith('headgate-access-log', ({ folder }) => ({
  accessLog: { file: join(folder, 'access.log') },
}));

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
