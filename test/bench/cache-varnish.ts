/** Varnish with its storage in memory. */
import { join } from 'node:path';
import type { CacheContestant } from './cache-contestants.ts';
import { commandVersion, type Place } from './contestants/contestant.ts';

/** Tags of its shared log that an ordinary request writes. */
const REQUEST_TAGS =
  'Begin End Link SessOpen SessClose ReqStart ReqMethod ReqURL ReqProtocol ReqHeader ReqUnset ReqAcct RespProtocol RespStatus RespReason RespHeader RespUnset VCL_call VCL_return VCL_use Hit HitMiss HitPass Timestamp Filters TTL Storage Fetch_Body Length BereqMethod BereqURL BereqProtocol BereqHeader BereqUnset BereqAcct BerespProtocol BerespStatus BerespReason BerespHeader BerespUnset BackendOpen BackendClose';

/** One pool of threads for one core, workspaces as large as these requests need. */
export const varnish = varnishWith('varnish', ['hits', 'herd', 'stale'], []);

/** The same without the log of requests in shared memory. */
export const varnishNoLog = varnishWith(
  'varnish-no-log',
  ['hits'],
  [
    '-p',
    `vsl_mask=${REQUEST_TAGS.split(' ')
      .map((tag) => `-${tag}`)
      .join(',')}`,
  ],
);

function varnishWith(
  name: string,
  kinds: CacheContestant['kinds'],
  settings: readonly string[],
): CacheContestant {
  return {
    name,
    family: 'varnish',
    kinds,
    version: () => commandVersion('varnishd', ['-V'], /varnish-(\d\S*)/),
    launch: (place) => ({
      command: 'varnishd',
      args: [...commandLine(place), ...settings],
      files: { 'default.vcl': program(place) },
    }),
  };
}

function commandLine({ folder, port }: Place): string[] {
  const parameters = {
    thread_pools: '1',
    thread_pool_min: '200',
    http_req_size: '16k',
    http_resp_size: '16k',
    workspace_client: '64k',
    workspace_backend: '64k',
    listen_depth: '4096',
    // Connections must outlive the contest, or reconnecting is measured.
    timeout_idle: '300',
  };
  return [
    '-F',
    ...['-n', join(folder, 'work'), '-f', join(folder, 'default.vcl')],
    ...['-a', `127.0.0.1:${port}`, '-T', 'none', '-j', 'none', '-s', 'malloc,256m'],
    ...Object.entries(parameters).flatMap(([key, value]) => ['-p', `${key}=${value}`]),
  ];
}

function program({ origins }: Place): string {
  const backends = origins.map((address, index) => {
    const [host, port] = address.split(':');
    return `backend origin${index} { .host = "${host}"; .port = "${port}"; }`;
  });
  const added = origins.map((_, index) => `  origins.add_backend(origin${index});`);
  return `vcl 4.1;
import directors;
${backends.join('\n')}
sub vcl_init {
  new origins = directors.round_robin();
${added.join('\n')}
}
sub vcl_recv {
  set req.backend_hint = origins.backend();
}
`;
}
