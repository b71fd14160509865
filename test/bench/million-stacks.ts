/**
 * The stacks that compose the same items from the same partner: Headgate's edge and origin kit, and
 * what is put together from Debian's packages today. All keep their connections and log no request.
 */
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { ProxyConfigInput } from '@headgate/proxy';
import { headgateMain } from '../support/headgate-command.ts';
import { commandVersion, manifestVersion } from './contestants/contestant.ts';
import { nginxCommand, nginxConf, nginxUpstream } from './nginx-command.ts';
import type { Command } from './pinned-process.ts';
import { gunicornGevent, pythonVersions, uvicorn } from './python-servers.ts';

/** Where a stack runs, and the partner its items come from. */
interface StackPlace {
  /** An empty folder of its own. */
  readonly folder: string;
  /** Where the edge listens, at 127.0.0.1. */
  readonly port: number;
  /** A second port, for an edge that reports about itself. */
  readonly adminPort: number;
  /** One port for each of its origin processes that listens by itself. */
  readonly originPorts: readonly number[];
  /** `http://host:port`. */
  readonly partnerUrl: string;
}

export interface Launch extends Command {
  /** What it counts as in the table. */
  readonly role: 'edge' | 'origin';
  /** Answers 200 when it is ready. */
  readonly readyUrl: string;
}

export interface Stack {
  readonly name: string;
  /** How many ports its origins listen on. */
  readonly origins: number;
  /** What is installed; undefined when something of it is missing. */
  version(): string | undefined;
  /** Files it needs in its folder, name to content. */
  files(place: StackPlace): Readonly<Record<string, string>>;
  /** Origins first. */
  launches(place: StackPlace): readonly Launch[];
}

const ORIGIN_PROCESSES = 2;
/** To the partner, of one process. */
const PARTNER_CONNECTIONS = 64;
/** What the items origin has by default. */
const PARTNER_TIMEOUT_S = 4.5;

/** Young objects die before they are copied: every call leaves tens of kilobytes of them. */
export const NODE_OPTIONS = '--max-semi-space-size=32';

const itemsMain = fileURLToPath(new URL('../../apps/items/src/main.ts', import.meta.url));

/** The stack of deploy/: the edge in front of two items origins. */
export const ourStack: Stack = {
  name: 'headgate',
  origins: ORIGIN_PROCESSES,
  version: () => manifestVersion(new URL('../../apps/proxy/package.json', import.meta.url)),
  files: (place) => ({ 'headgate.config.json': JSON.stringify(edgeConfig(place)) }),
  launches: ({ folder, port, originPorts, partnerUrl }) => [
    ...originPorts.map((originPort): Launch => {
      const env = { PORT: `${originPort}`, PARTNER_URL: partnerUrl, NODE_OPTIONS };
      const readyUrl = `http://127.0.0.1:${originPort}/health`;
      return { role: 'origin', command: process.execPath, args: [itemsMain], env, readyUrl };
    }),
    {
      role: 'edge',
      command: process.execPath,
      args: [headgateMain, 'run', '--config', join(folder, 'headgate.config.json')],
      env: { NODE_OPTIONS },
      readyUrl: `http://127.0.0.1:${port}/items/1`,
    },
  ],
};

function edgeConfig({ port, adminPort, originPorts }: StackPlace): ProxyConfigInput {
  return {
    listeners: [{ address: `127.0.0.1:${port}` }],
    admin: { address: `127.0.0.1:${adminPort}` },
    services: {
      items: {
        upstreams: originPorts.map((originPort) => ({ url: `http://127.0.0.1:${originPort}` })),
        healthCheck: { path: '/health', interval: '1s', timeout: '500ms', rise: 2, fall: 3 },
      },
    },
    routes: [{ match: { path: '/items/*' }, service: 'items' }],
  };
}

/** WSGI: a greenlet for each request, and one more for its second partner call. */
const gunicornFalcon = pythonStack(
  'nginx-gunicorn-falcon',
  ['gunicorn', 'gevent', 'falcon', 'urllib3'],
  (port) => gunicornGevent({ app: 'falcon_items:app', port, workers: ORIGIN_PROCESSES }),
);

/** ASGI: coroutines on uvloop, with a pooled asynchronous client. */
const uvicornFastapi = pythonStack(
  'nginx-uvicorn-fastapi',
  ['uvicorn', 'uvloop', 'httptools', 'fastapi', 'httpx'],
  (port) => uvicorn({ app: 'fastapi_items:app', port, workers: ORIGIN_PROCESSES }),
);

export const millionPeers: readonly Stack[] = [gunicornFalcon, uvicornFastapi];

function pythonStack(
  name: string,
  packages: readonly string[],
  serve: (port: number) => Command,
): Stack {
  return {
    name,
    origins: 1,
    version() {
      const nginx = commandVersion('nginx', ['-v'], /nginx\/(\S+)/);
      const python = pythonVersions(packages);
      return nginx && python && `nginx ${nginx}, ${python}`;
    },
    files: (place) => ({ 'nginx.conf': nginxConf(place.folder, edgeConf(place)) }),
    launches: ({ folder, port, originPorts: [originPort = 0], partnerUrl }) => [
      pythonOrigin(serve(originPort), originPort, partnerUrl),
      { role: 'edge', ...nginxCommand(folder), readyUrl: `http://127.0.0.1:${port}/items/1` },
    ],
  };
}

function pythonOrigin(served: Command, port: number, partnerUrl: string): Launch {
  const env = {
    ...served.env,
    PARTNER_URL: partnerUrl,
    PARTNER_CONNECTIONS: `${PARTNER_CONNECTIONS}`,
    PARTNER_TIMEOUT_S: `${PARTNER_TIMEOUT_S}`,
    INSTANCE: `items:${port}`,
  };
  return { ...served, env, role: 'origin', readyUrl: `http://127.0.0.1:${port}/health` };
}

function edgeConf({ port, originPorts }: StackPlace): string {
  return `${nginxUpstream(
    'items',
    originPorts.map((originPort) => `127.0.0.1:${originPort}`),
  )}
  server {
    listen 127.0.0.1:${port} backlog=4096;
    location /items/ {
      proxy_pass http://items;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header Host $http_host;
      proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
    }
  }`;
}
