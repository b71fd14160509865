/** What the public cache tests are run against: the edge, and others as their users would set them up. */
import { spawnSync } from 'node:child_process';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { nginxCommand, nginxConf } from '../bench/nginx-command.ts';
import { freePort } from '../support/free-port.ts';
import { startProgram, temporaryFolder } from '../support/program.ts';
import { startProxyTo } from '../support/proxy-process.ts';

interface RunningCache extends AsyncDisposable {
  readonly url: string;
}

/** A cache that can be put before an origin. */
export interface CacheUnderTest {
  readonly name: string;
  /** undefined when it is not installed. */
  version(): string | undefined;
  start(originUrl: string): Promise<RunningCache>;
}

/**
 * Caching everything. Guesses at how long answers are fresh, and stale answers where there are only
 * errors, have to be asked for; tests of what must not be done with them need them to be there.
 */
const headgate: CacheUnderTest = {
  name: 'headgate',
  version: () => 'this tree',
  async start(originUrl) {
    const proxy = await startProxyTo(
      [originUrl],
      // An origin that fails and hangs on purpose is not overloaded.
      { upstreams: [{ url: originUrl, maxInFlight: 1_000 }] },
      { routes: [{ service: 'app', cache: { heuristic: true, staleIfError: '1m' } }] },
    );
    return {
      url: `http://127.0.0.1:${proxy.port}`,
      [Symbol.asyncDispose]: () => proxy[Symbol.asyncDispose](),
    };
  },
};

/** As the suite's own comparison runs it. */
const nginx: CacheUnderTest = {
  name: 'nginx',
  version: () => /nginx\/(\S+)/.exec(versionText('nginx', '-v'))?.[1],
  async start(originUrl) {
    await using stack = new AsyncDisposableStack();
    const { path } = stack.use(await temporaryFolder());
    const port = await freePort();
    const http = `  proxy_cache_path ${join(path, 'cache')} levels=1:2 keys_zone=suite:8m inactive=600m;
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass ${originUrl};
      proxy_cache suite;
      proxy_cache_revalidate on;
      proxy_http_version 1.1;
    }
  }`;
    await mkdir(join(path, 'cache'));
    await writeFile(join(path, 'nginx.conf'), nginxConf(path, http));
    const { command, args } = nginxCommand(path);
    await stack.use(startProgram(command, args)).accepts(port);
    return running(port, stack.move());
  },
};

/** As the suite's own comparison runs it: nothing is kept that does not say so. */
const varnish: CacheUnderTest = {
  name: 'varnish',
  version: () => /varnish-(\d\S*)/.exec(versionText('varnishd', '-V'))?.[1],
  async start(originUrl) {
    await using stack = new AsyncDisposableStack();
    const { path } = stack.use(await temporaryFolder());
    const port = await freePort();
    const places = ['-n', path, '-a', `127.0.0.1:${port}`, '-b', new URL(originUrl).host];
    const lives = ['default_ttl=0', 'default_grace=0', 'default_keep=3600'];
    // The folder is ours alone, so no other user can be the one it runs as.
    const args = [
      '-j',
      'none',
      '-F',
      ...places,
      '-s',
      'malloc,64M',
      ...lives.flatMap((one) => ['-p', one]),
    ];
    await stack.use(startProgram('varnishd', args)).accepts(port);
    return running(port, stack.move());
  },
};

export const cachesUnderTest: readonly CacheUnderTest[] = [headgate, nginx, varnish];

function running(port: number, stack: AsyncDisposableStack): RunningCache {
  return {
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

function versionText(command: string, option: string): string {
  const { stdout, stderr } = spawnSync(command, [option], { encoding: 'utf8' });
  return `${stdout ?? ''}${stderr ?? ''}`;
}
