/** How nginx runs in a folder of its own, as a contestant and as the origins of all. */
import { join } from 'node:path';
import type { Command } from './pinned-process.ts';

/** Connections per worker; two open files each still fit into 20,000. */
const WORKER_CONNECTIONS = 20_000;
/** Connections must outlive the contest, or reconnecting is measured. */
const KEEP_ALIVE_REQUESTS = 1_000_000_000;

/** Runs the `nginx.conf` of `folder`, without touching the paths of an installed nginx. */
export function nginxCommand(folder: string): Command {
  return {
    command: 'nginx',
    args: ['-p', folder, '-c', join(folder, 'nginx.conf'), '-e', join(folder, 'error.log')],
  };
}

/** No access log, temporary files below `folder`; `http` goes into the http block. */
export function nginxConf(folder: string, http: string, workers = 1): string {
  // A master that is root gives its worker away, who then cannot read the folder.
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
    .map((name) => `${name}_temp_path ${join(folder, name)};`)
    .join('\n  ');
  return `${user}
daemon off;
worker_processes ${workers};
worker_rlimit_nofile ${WORKER_CONNECTIONS};
pid ${join(folder, 'nginx.pid')};
error_log ${join(folder, 'error.log')} warn;
events { worker_connections ${WORKER_CONNECTIONS}; }
http {
  ${temporary}
  access_log off;
  server_tokens off;
  sendfile on;
  tcp_nodelay on;
  keepalive_timeout 300s;
  keepalive_requests ${KEEP_ALIVE_REQUESTS};
${http}
}
`;
}

/** An upstream block that keeps idle connections, least loaded first. */
export function nginxUpstream(name: string, addresses: readonly string[]): string {
  const servers = addresses.map((address) => `server ${address};`).join(' ');
  return `  upstream ${name} {
    least_conn;
    ${servers}
    keepalive 128;
    keepalive_requests ${KEEP_ALIVE_REQUESTS};
    keepalive_timeout 300s;
  }`;
}
