/** nginx, with connections kept to the origins, and nothing written to disk. */
import { nginxCommand, nginxConf, nginxUpstream } from '../nginx-command.ts';
import type { ConcurrentContestant } from './concurrent.ts';
import { type Contestant, commandVersion, type Place } from './contestant.ts';

const version = () => commandVersion('nginx', ['-v'], /nginx\/(\S+)/);

/** With one worker. */
export const nginx: Contestant = {
  name: 'nginx',
  version,
  launch: (place) => ({
    ...nginxCommand(place.folder),
    files: { 'nginx.conf': nginxConf(place.folder, proxyConf(place, '')) },
  }),
};

/**
 * With many workers, each with a queue of new connections of its own, since the one they would share
 * fills some of them and not others; patient with origins, and with a page that counts.
 */
export function nginxOf(workers: number): ConcurrentContestant {
  return {
    name: 'nginx',
    version,
    maxInFlight: Number.POSITIVE_INFINITY,
    maxIdle: Number.POSITIVE_INFINITY,
    launch: (place) => ({
      ...nginxCommand(place.folder),
      files: {
        'nginx.conf': nginxConf(
          place.folder,
          `${proxyConf(place, 'reuseport')}\n${PATIENCE}\n${statusConf(place)}`,
          workers,
        ),
      },
    }),
    status: { readyPath: '/', path: '/', read: readStubStatus },
  };
}

const PATIENCE = '  proxy_read_timeout 900s;';

function statusConf({ adminPort }: Place): string {
  return `  server {
    listen 127.0.0.1:${adminPort};
    location / { stub_status; }
  }`;
}

/** Without the request for the page itself, and the connection it came on. */
function readStubStatus(text: string): { inFlight: number; connections: number } {
  const count = (name: string) => Number(new RegExp(`${name}: (\\d+)`).exec(text)?.[1]);
  return { inFlight: count('Writing') - 1, connections: count('Active connections') - 1 };
}

function proxyConf({ port, origins }: Place, listenOptions: string): string {
  return `${nginxUpstream('origins', origins)}
  server {
    listen 127.0.0.1:${port} backlog=4096 ${listenOptions};
    client_body_buffer_size 64k;
    location / {
      proxy_pass http://origins;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      proxy_buffers 16 16k;
      proxy_busy_buffers_size 64k;
      proxy_max_temp_file_size 0;
    }
  }`;
}
