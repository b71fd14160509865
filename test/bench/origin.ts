/** The origins every contestant stands in front of: one nginx worker that answers two ports. */
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Surroundings } from './entrant.ts';
import { nginxCommand, nginxConf, nginxUpstream } from './nginx-command.ts';
import { startPinned } from './pinned-process.ts';
import { waitForAnswer } from './wait-for-answer.ts';

const ORIGINS = 2;
const FILES = { '4k': 4096, '64k': 65_536, '1m': 1_048_576 };

export interface Origins extends AsyncDisposable {
  /** `host:port` of each. */
  readonly addresses: readonly string[];
}

/** Starts them on `core`; they answer when this resolves. */
export async function startOrigins(
  { folder: parent, ports, signal }: Surroundings,
  core: number,
): Promise<Origins> {
  const folder = join(parent, 'origins');
  const addresses: string[] = [];
  while (addresses.length < ORIGINS) addresses.push(`127.0.0.1:${await ports.next()}`);
  await mkdir(folder);
  for (const [name, sizeBytes] of Object.entries(FILES)) {
    await writeFile(join(folder, name), 'x'.repeat(sizeBytes));
  }
  await writeFile(join(folder, 'nginx.conf'), nginxConf(folder, originConf(folder, addresses)));
  const nginx = startPinned(nginxCommand(folder), core);
  try {
    for (const address of addresses) await waitForAnswer(`http://${address}/small`, nginx, signal);
  } catch (error) {
    await nginx[Symbol.asyncDispose]();
    throw error;
  }
  return { addresses, [Symbol.asyncDispose]: () => nginx[Symbol.asyncDispose]() };
}

/**
 * `return` answers before a body has arrived, which is no way to treat an upload. So `/post` asks
 * a second server of the same worker: nginx reads the whole body before it does. And a filter
 * that replaces text cannot know the length of its result, so what passes it leaves in chunks.
 */
function originConf(folder: string, addresses: readonly string[]): string {
  const socket = `unix:${join(folder, 'small.sock')}`;
  const small = `default_type text/plain; return 200 '${'x'.repeat(100)}';`;
  return `${nginxUpstream('small', [socket])}
  server {
    ${addresses.map((address) => `listen ${address} backlog=4096;`).join(' ')}
    root ${folder};
    default_type text/plain;
    open_file_cache max=16;
    location = /small { ${small} }
    location = /health { ${small} }
    location = /chunked-64k {
      alias ${join(folder, '64k')};
      sub_filter_types text/plain;
      sub_filter yyyyyyyy zzzzzzzz;
    }
    location = /post {
      client_body_buffer_size 64k;
      proxy_pass http://small;
      proxy_http_version 1.1;
      proxy_method GET;
      proxy_pass_request_body off;
      proxy_set_header Content-Length "";
      proxy_set_header Connection "";
    }
  }
  server { listen ${socket}; location / { ${small} } }`;
}
