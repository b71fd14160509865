/** Who takes part in the cache contest: Headgate first, and peers in the variants their users run. */
import { join } from 'node:path';
import type { ProxyConfigInput } from '@headgate/proxy';
import { headgateMain } from '../support/headgate-command.ts';
import type { CacheCase } from './cache-cases.ts';
import { nginxCache, nginxCacheNoSendfile, nginxCacheStock } from './cache-nginx.ts';
import { varnish, varnishNoLog } from './cache-varnish.ts';
import type { Contestant, Place } from './contestants/contestant.ts';
import { headgate } from './contestants/headgate.ts';

export interface CacheContestant extends Contestant {
  /** Variants of one peer; the cheapest of them is the one to beat. */
  readonly family: 'headgate' | 'nginx' | 'varnish';
  readonly kinds: readonly CacheCase['kind'][];
  /** Called with its process id once it answers, before anything is measured. */
  readonly settle?: (pid: number) => void;
}

/** As shipped, on a route that caches. */
const headgateCache: CacheContestant = {
  name: 'headgate',
  family: 'headgate',
  kinds: ['hits', 'herd', 'stale'],
  version: headgate.version,
  launch: (place) => ({
    command: process.execPath,
    args: [headgateMain, 'run', '--config', join(place.folder, 'headgate.config.json')],
    files: { 'headgate.config.json': JSON.stringify(headgateConfig(place)) },
  }),
};

/** What all others are compared with. */
export const ourCache: CacheContestant = headgateCache;

export const cachePeers: readonly CacheContestant[] = [
  nginxCache,
  nginxCacheNoSendfile,
  nginxCacheStock,
  varnish,
  varnishNoLog,
];

function headgateConfig({ port, adminPort, origins }: Place): ProxyConfigInput {
  return {
    listeners: [{ address: `127.0.0.1:${port}` }],
    admin: { address: `127.0.0.1:${adminPort}` },
    services: {
      origins: {
        upstreams: origins.map((address) => ({ url: `http://${address}` })),
        healthCheck: { path: '/health' },
      },
    },
    routes: [{ service: 'origins', cache: true }],
  };
}
