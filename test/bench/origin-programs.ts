/** The programs of the origin contest: ours, Hono without the kit, and what Python's users run. */
import { fileURLToPath } from 'node:url';
import { manifestVersion } from './contestants/contestant.ts';
import { NODE_OPTIONS } from './million-stacks.ts';
import type { Command } from './pinned-process.ts';
import { gunicornGevent, type PythonServer, pythonVersions, uvicorn } from './python-servers.ts';

/** Where a program runs, and what it asks. */
export interface ProgramPlace {
  /** To listen on, at 127.0.0.1. */
  readonly port: number;
  /** `http://host:port`. */
  readonly partnerUrl: string;
  /** Partner calls at once, which is connections to it. */
  readonly partnerConnections: number;
  /** Of a partner call. */
  readonly partnerTimeoutS: number;
  /** `postgres://…`; empty where the case has none. */
  readonly databaseUrl: string;
}

/** One process, or a small tree of them, that answers `/health` when it is ready. */
export interface OriginProgram {
  /** What it runs on; undefined when something of it is not installed. */
  version(): string | undefined;
  launch(place: ProgramPlace): Command;
}

const DATABASE_CONNECTIONS = 16;
/** Calls one feed makes at once. */
const FEED_CONCURRENCY = 16;
/** The same for everybody, since it is part of the answers. */
const INSTANCE = 'items';

const itemsMain = fileURLToPath(new URL('../../apps/items/src/main.ts', import.meta.url));

export const kitHello = kit(fileURLToPath(new URL('origins/kit-hello.ts', import.meta.url)));
export const kitRows = kit(fileURLToPath(new URL('origins/kit-rows.ts', import.meta.url)));
export const kitWaiting = kit(fileURLToPath(new URL('origins/kit-waiting.ts', import.meta.url)), [
  '--expose-gc',
]);
/** Peers keep nothing either. */
export const kitItems = kit(itemsMain, [], { CACHE_TTL: '0ms' });
export const kitItemsCaching = kit(itemsMain);
export const bareHono: OriginProgram = {
  version() {
    const version = manifestVersion(new URL('../node_modules/hono/package.json', import.meta.url));
    return version && `hono ${version}`;
  },
  launch: (place) =>
    node(fileURLToPath(new URL('origins/bare-hono.ts', import.meta.url)), [], place),
};

const FASTAPI = ['uvicorn', 'uvloop', 'httptools', 'fastapi'];
const FALCON = ['gunicorn', 'gevent', 'falcon'];

export const fastapiHello = python(FASTAPI, uvicorn, 'fastapi_hello:app');
export const falconHello = python(FALCON, gunicornGevent, 'falcon_hello:app');
export const fastapiItems = python([...FASTAPI, 'httpx'], uvicorn, 'fastapi_items:app');
export const falconItems = python([...FALCON, 'urllib3'], gunicornGevent, 'falcon_items:app');
export const fastapiAsyncpg = python([...FASTAPI, 'asyncpg'], uvicorn, 'fastapi_asyncpg:app');
export const fastapiPsycopg = python(
  [...FASTAPI, 'psycopg', 'psycopg-pool'],
  uvicorn,
  'fastapi_psycopg:app',
);
export const fastapiWaiting = python([...FASTAPI, 'httpx'], uvicorn, 'fastapi_waiting:app');

function kit(
  main: string,
  flags: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): OriginProgram {
  return {
    version: () => manifestVersion(new URL('../../packages/origin/package.json', import.meta.url)),
    launch(place) {
      const command = node(main, flags, place);
      return { ...command, env: { ...command.env, ...env } };
    },
  };
}

function node(main: string, flags: readonly string[], place: ProgramPlace): Command {
  return {
    command: process.execPath,
    args: [...flags, main],
    env: { ...environment(place), NODE_ENV: 'production', NODE_OPTIONS, LOG_LEVEL: 'warn' },
  };
}

function python(
  packages: readonly string[],
  serve: (server: PythonServer) => Command,
  app: string,
): OriginProgram {
  return {
    version: () => pythonVersions(packages),
    launch(place) {
      const command = serve({ app, port: place.port, workers: 1 });
      return { ...command, env: { ...command.env, ...environment(place) } };
    },
  };
}

/** Ours and theirs read the same names where they mean the same. */
function environment(place: ProgramPlace): Record<string, string> {
  return {
    PORT: `${place.port}`,
    INSTANCE,
    PARTNER_URL: place.partnerUrl,
    PARTNER_CONNECTIONS: `${place.partnerConnections}`,
    PARTNER_TIMEOUT_S: `${place.partnerTimeoutS}`,
    FEED_CONCURRENCY: `${FEED_CONCURRENCY}`,
    DATABASE_URL: place.databaseUrl,
    DATABASE_CONNECTIONS: `${DATABASE_CONNECTIONS}`,
  };
}
