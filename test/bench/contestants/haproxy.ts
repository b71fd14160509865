/** HAProxy with one thread and idle connections to the origins used by whoever comes next. */
import { join } from 'node:path';
import type { ConcurrentContestant, ProxyCounts } from './concurrent.ts';
import { type Contestant, commandVersion, type Place } from './contestant.ts';

/** Two open files each, and some for itself, within the 20,000 of a process. */
const MAX_CONNECTIONS = 9_500;
const STATUS_PATH = '/status';

export const haproxy: Contestant = {
  name: 'haproxy',
  version: () => commandVersion('haproxy', ['-v'], /version ([^\s-]+)/),
  launch: (place) => launch(place.folder, haproxyConf(place, '300s')),
};

/** As patient as the others, and with a page that counts. It has threads, but only one process. */
export const haproxyHolding: ConcurrentContestant = {
  ...haproxy,
  maxInFlight: 9_000,
  maxIdle: 9_000,
  launch: (place) => launch(place.folder, `${haproxyConf(place, '900s')}${statusConf(place)}`),
  status: { readyPath: STATUS_PATH, path: `${STATUS_PATH};csv`, read: readStatistics },
};

function launch(folder: string, conf: string): ReturnType<Contestant['launch']> {
  return {
    command: 'haproxy',
    args: ['-db', '-f', join(folder, 'haproxy.cfg')],
    files: { 'haproxy.cfg': conf },
  };
}

function statusConf({ adminPort }: Place): string {
  return `frontend status
  bind 127.0.0.1:${adminPort}
  stats enable
  stats uri ${STATUS_PATH}
`;
}

/** The fifth column, `scur`, counts what is there now: sessions of a frontend, requests of a backend. */
function readStatistics(text: string): ProxyCounts {
  const current = (row: string) =>
    Number(
      text
        .split('\n')
        .find((line) => line.startsWith(`${row},`))
        ?.split(',')[4],
    );
  return { inFlight: current('origins,BACKEND'), connections: current('edge,FRONTEND') };
}

function haproxyConf({ port, origins }: Place, patience: string): string {
  const servers = origins
    .map((address, index) => `  server origin${index} ${address} pool-max-conn 1000`)
    .join('\n');
  return `global
  nbthread 1
  maxconn ${MAX_CONNECTIONS}
defaults
  mode http
  option forwardfor
  http-reuse always
  timeout connect 5s
  timeout client ${patience}
  timeout server ${patience}
frontend edge
  bind 127.0.0.1:${port} backlog 4096
  default_backend origins
backend origins
  balance leastconn
${servers}
`;
}
