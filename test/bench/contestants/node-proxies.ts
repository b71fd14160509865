/** Proxies built with what npm has, each a program of `node-proxies/` run as `PORT ORIGIN...`. */
import { fileURLToPath } from 'node:url';
import { type Contestant, manifestVersion } from './contestant.ts';

export const httpProxy3 = nodeProxy(
  'http-proxy-3',
  'http-proxy-3',
  new URL('../node-proxies/http-proxy-3.ts', import.meta.url),
);

export const undiciDispatch = nodeProxy(
  'undici-dispatch',
  'undici',
  new URL('../node-proxies/undici-dispatch.ts', import.meta.url),
);

export const replyFrom = nodeProxy(
  'reply-from',
  '@fastify/reply-from',
  new URL('../node-proxies/reply-from.ts', import.meta.url),
);

function nodeProxy(name: string, dependency: string, program: URL): Contestant {
  const manifest = new URL(`../../node_modules/${dependency}/package.json`, import.meta.url);
  return {
    name,
    version: () => manifestVersion(manifest),
    launch: ({ port, origins }) => ({
      command: process.execPath,
      args: [fileURLToPath(program), String(port), ...origins],
      env: { NODE_ENV: 'production' },
      files: {},
    }),
  };
}
