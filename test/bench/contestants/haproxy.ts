/** HAProxy with one thread and idle connections to the origins used by whoever comes next. */
import { join } from 'node:path';
import { type Contestant, commandVersion, type Place } from './contestant.ts';

export const haproxy: Contestant = {
  name: 'haproxy',
  version: () => commandVersion('haproxy', ['-v'], /version ([^\s-]+)/),
  launch: (place) => ({
    command: 'haproxy',
    args: ['-db', '-f', join(place.folder, 'haproxy.cfg')],
    files: { 'haproxy.cfg': haproxyConf(place) },
  }),
};

function haproxyConf({ port, origins }: Place): string {
  const servers = origins
    .map((address, index) => `  server origin${index} ${address} pool-max-conn 1000`)
    .join('\n');
  return `global
  nbthread 1
  maxconn 9500
defaults
  mode http
  option forwardfor
  http-reuse always
  timeout connect 5s
  timeout client 300s
  timeout server 300s
frontend edge
  bind 127.0.0.1:${port} backlog 4096
  default_backend origins
backend origins
  balance leastconn
${servers}
`;
}
