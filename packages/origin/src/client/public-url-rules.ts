// Owns what a URL of somebody else's may look like before its host is even looked up.
import { PublicUrlError } from './public-url-error.ts';

/** Which URLs may be fetched. */
export interface PublicUrlRules {
  /** Host names, or `*.` and a domain for all names below it; all others are refused. Default: any. */
  readonly allowedHosts?: readonly string[];
  /** Allow `http:` too, which anybody on the way can read and change. Default false. */
  readonly allowHttp?: boolean;
  /** Default 443, and 80 for `http:`. */
  readonly ports?: readonly number[];
}

const defaultPorts: Record<string, number> = { 'https:': 443, 'http:': 80 };

/** The URL `text` stands for, relative to `base`. Throws a PublicUrlError unless it may be fetched. */
export function readPublicUrl(text: string, rules: PublicUrlRules, base?: URL): URL {
  const url = URL.parse(text, base);
  if (url === null) throw new PublicUrlError('url', 'this is not an absolute URL');
  const defaultPort = defaultPorts[url.protocol];
  if (defaultPort === undefined || (url.protocol === 'http:' && rules.allowHttp !== true)) {
    throw new PublicUrlError('scheme', `URLs that start with ${url.protocol} are not fetched`);
  }
  if (url.username !== '' || url.password !== '') {
    throw new PublicUrlError('credentials', 'URLs with a user name or password are not fetched');
  }
  const port = url.port === '' ? defaultPort : Number(url.port);
  if (!(rules.ports ?? [defaultPort]).includes(port)) {
    throw new PublicUrlError('port', `URLs with port ${port} are not fetched`);
  }
  if (rules.allowedHosts && !rules.allowedHosts.some((allowed) => isHost(url, allowed))) {
    throw new PublicUrlError('host', `URLs of the host ${url.hostname} are not fetched`);
  }
  return url;
}

function isHost({ hostname }: URL, allowed: string): boolean {
  const name = hostname.replace(/\.$/, '');
  const pattern = allowed.toLowerCase();
  return pattern.startsWith('*.') ? name.endsWith(pattern.slice(1)) : name === pattern;
}
