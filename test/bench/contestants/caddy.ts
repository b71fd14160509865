/** Caddy on one operating system thread for Go code, with connections kept to the origins. */
import { join } from 'node:path';
import { type Contestant, commandVersion, type Place } from './contestant.ts';

export const caddy: Contestant = {
  name: 'caddy',
  version: () => commandVersion('caddy', ['version'], /v?(\d[^\s]*)/),
  launch: (place) => ({
    command: 'caddy',
    args: ['run', '--adapter', 'caddyfile', '--config', join(place.folder, 'Caddyfile')],
    env: { GOMAXPROCS: '1', HOME: place.folder, XDG_DATA_HOME: '', XDG_CONFIG_HOME: '' },
    files: { Caddyfile: caddyfile(place) },
  }),
};

function caddyfile({ port, origins }: Place): string {
  return `{
  admin off
  auto_https off
}
http://:${port} {
  bind 127.0.0.1
  reverse_proxy ${origins.join(' ')} {
    lb_policy least_conn
    transport http {
      keepalive 300s
      keepalive_idle_conns_per_host 1024
    }
  }
}
`;
}
