/** Which edge a command means, and the token it is asked with. */
import { formatProblems, type Loaded } from '@headgate/config';
import { type Endpoint, parseAddress } from '../address.ts';
import { readAdminToken } from '../admin/token.ts';
import type { ProxyConfig } from '../config.ts';

export interface FindEdgeDeps {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly load: (file: string) => Promise<Loaded<ProxyConfig>>;
}

export interface Wanted {
  readonly adminAddress?: string;
  readonly configFile?: string;
  readonly token?: string;
}

export type FoundEdge =
  | { readonly ok: true; readonly endpoint: Endpoint; readonly token: string | undefined }
  | { readonly ok: false; readonly why: string };

/** The command line decides, then the environment, then the `admin` section of the file. */
export async function findEdge(wanted: Wanted, { env, load }: FindEdgeDeps): Promise<FoundEdge> {
  const named = wanted.adminAddress ?? present(env.HEADGATE_ADMIN_ADDRESS);
  const token = wanted.token ?? present(env.HEADGATE_ADMIN_TOKEN);
  if (named !== undefined && (token !== undefined || wanted.configFile === undefined)) {
    return at(named, token);
  }
  if (wanted.configFile === undefined) {
    return lost('no --admin ADDRESS, no --config FILE and no headgate.config.* found here');
  }
  const loaded = await load(wanted.configFile);
  if (!loaded.ok) {
    // Where to ask is known; a file that is just being edited is no reason not to.
    if (named !== undefined) return at(named, token);
    const problems = formatProblems(loaded.problems);
    return lost(`name the edge with --admin; its configuration does not:\n${problems}`);
  }
  const { admin } = loaded.config;
  if (named === undefined && !admin) {
    return lost(`${wanted.configFile} has no admin section; add admin.address, or use --admin`);
  }
  try {
    const configured = token ?? (await readAdminToken(admin, wanted.configFile));
    return at(named ?? admin?.address ?? '', configured);
  } catch (error) {
    return lost(error instanceof Error ? error.message : String(error));
  }
}

function at(address: string, token: string | undefined): FoundEdge {
  const parsed = parseAddress(address);
  if (!parsed.ok) return lost(`--admin: ${parsed.reason}`);
  const { endpoint } = parsed;
  if (endpoint.kind === 'tcp' && endpoint.port === 0) {
    return lost(`${address} says nothing of the port the edge got; use --admin`);
  }
  return { ok: true, endpoint: reachable(endpoint), token };
}

/** Where a listener on all addresses is to be asked from here. */
function reachable(endpoint: Endpoint): Endpoint {
  if (endpoint.kind === 'unix') return endpoint;
  if (endpoint.host === '0.0.0.0') return { ...endpoint, host: '127.0.0.1' };
  return endpoint.host === '::' ? { ...endpoint, host: '::1' } : endpoint;
}

function present(value: string | undefined): string | undefined {
  return value === '' ? undefined : value;
}

function lost(why: string): FoundEdge {
  return { ok: false, why };
}
