/** nginx with proxy_cache, its files in memory where the folder of the contest is. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { CacheContestant } from './cache-contestants.ts';
import { commandVersion, type Place } from './contestants/contestant.ts';
import { readTree } from './cpu.ts';
import { nginxCommand, nginxConf, nginxUpstream } from './nginx-command.ts';

/** Files stay open between requests, as its documentation advises where they are asked for often. */
const OPEN_FILES = `
      open_file_cache max=10000 inactive=300s;
      open_file_cache_valid 300s;`;

/** One fetch for all who wait, and stale answers while one of them asks: what it has against herds. */
const COLLAPSING = `
      proxy_cache_lock on;
      proxy_cache_use_stale updating;
      proxy_cache_background_update on;`;

/** All it has. */
export const nginxCache = nginxWith('nginx', ['hits', 'herd', 'stale'], OPEN_FILES + COLLAPSING);

/** The same, which reads files into buffers: a system call less for what fits into one. */
export const nginxCacheNoSendfile = nginxWith(
  'nginx-no-sendfile',
  ['hits'],
  `${OPEN_FILES}${COLLAPSING}
      sendfile off;
      output_buffers 2 128k;`,
);

/** Without anything that is off by default. */
export const nginxCacheStock = nginxWith('nginx-stock', ['hits', 'herd'], '');

function nginxWith(
  name: string,
  kinds: CacheContestant['kinds'],
  settings: string,
): CacheContestant {
  return {
    name,
    family: 'nginx',
    kinds,
    version: () => commandVersion('nginx', ['-v'], /nginx\/(\S+)/),
    launch: (place) => ({
      ...nginxCommand(place.folder),
      files: { 'nginx.conf': nginxConf(place.folder, cacheConf(place, settings)) },
    }),
    settle: endLoader,
  };
}

function cacheConf({ folder, port, origins }: Place, settings: string): string {
  return `${nginxUpstream('origins', origins)}
  proxy_cache_path ${join(folder, 'cache')} levels=1:2 keys_zone=edge:16m max_size=1g inactive=1h use_temp_path=off;
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location / {
      proxy_pass http://origins;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_buffers 16 16k;
      proxy_busy_buffers_size 64k;
      proxy_cache edge;${settings}
    }
  }`;
}

/**
 * The process that reads the index of an old cache begins a minute after the start and ends at once
 * here, where the cache began empty. It would do so in the middle of a window.
 */
function endLoader(pid: number): void {
  const isLoader = (one: number) =>
    readFileSync(`/proc/${one}/cmdline`, 'utf8').startsWith('nginx: cache loader process');
  const loader = readTree(pid).pids.find(isLoader);
  if (loader !== undefined) process.kill(loader, 'SIGTERM');
}
