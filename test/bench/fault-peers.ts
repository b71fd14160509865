/**
 * nginx and HAProxy in front of failing origins. Stock: least connections and kept connections, as
 * their manuals begin. Tuned: everything they have against these faults, set for these origins.
 */
import { join } from 'node:path';
import { type Contestant, commandVersion, type Place } from './contestants/contestant.ts';
import { nginxCommand, nginxConf, nginxUpstream } from './nginx-command.ts';

const nginxStock = nginx('nginx-stock', (place) => ({
  upstream: nginxUpstream('origins', place.origins),
  location: '',
}));

const nginxTuned = nginx('nginx-tuned', (place) => ({
  // It has no queue: what is more than max_conns is answered 502. So four times the workers.
  upstream: `  upstream origins {
    zone origins 1m;
    least_conn;
    ${place.origins.map((one) => `server ${one} max_fails=3 fail_timeout=5s max_conns=16;`).join(' ')}
    keepalive 128;
    keepalive_requests 1000000000;
    keepalive_timeout 300s;
  }`,
  location: `proxy_connect_timeout 1s;
      proxy_next_upstream error timeout http_500 http_502 http_503;
      proxy_next_upstream_tries 2;`,
}));

const haproxyStock = haproxy('haproxy-stock', {
  defaults: '',
  server: '',
});

const haproxyTuned = haproxy('haproxy-tuned', {
  defaults: `  timeout queue 250ms
  retries 2
  option redispatch 1
  retry-on 500 502 503 conn-failure
  option httpchk GET /health`,
  // One more than an origin has workers: the rest waits for whichever is free first.
  server: 'maxconn 5 check inter 1s observe layer7 error-limit 3 on-error mark-down',
});

export const faultPeers: readonly Contestant[] = [
  nginxStock,
  nginxTuned,
  haproxyStock,
  haproxyTuned,
];

function nginx(
  name: string,
  settings: (place: Place) => { readonly upstream: string; readonly location: string },
): Contestant {
  return {
    name,
    version: () => commandVersion('nginx', ['-v'], /nginx\/(\S+)/),
    launch(place) {
      const { upstream, location } = settings(place);
      const http = `${upstream}
  server {
    listen 127.0.0.1:${place.port} backlog=4096;
    location / {
      proxy_pass http://origins;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
      ${location}
    }
  }`;
      return {
        ...nginxCommand(place.folder),
        files: { 'nginx.conf': nginxConf(place.folder, http) },
      };
    },
  };
}

function haproxy(
  name: string,
  { defaults, server }: { readonly defaults: string; readonly server: string },
): Contestant {
  return {
    name,
    version: () => commandVersion('haproxy', ['-v'], /version ([^\s-]+)/),
    launch: ({ folder, port, origins }) => ({
      command: 'haproxy',
      args: ['-db', '-f', join(folder, 'haproxy.cfg')],
      files: {
        'haproxy.cfg': `global
  nbthread 1
  maxconn 9500
defaults
  mode http
  option forwardfor
  timeout connect 5s
  timeout client 50s
  timeout server 50s
${defaults}
frontend edge
  bind 127.0.0.1:${port} backlog 4096
  default_backend origins
backend origins
  balance leastconn
${origins.map((address, index) => `  server origin${index} ${address} ${server}`).join('\n')}
`,
      },
    }),
  };
}
