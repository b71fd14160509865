// Owns which wire a partner is called over.
import type { Transport, TransportOptions } from './transport.ts';
import { UndiciTransport } from './undici-transport.ts';
import { WireTransport } from './wire-transport.ts';

/**
 * The connections to one upstream; none is opened yet. `http:` is HTTP/1.1 on bare sockets,
 * `https:` is HTTP/2 or HTTP/1.1, whichever the upstream prefers. Throws a TypeError for other
 * schemes, for user names and for limits that make no sense.
 */
export function createTransport(options: TransportOptions): Transport {
  const { protocol, username, password } = options.url;
  if (username !== '' || password !== '') {
    throw new TypeError('an upstream has no user name in its URL; send an authorization field');
  }
  const { maxConnections, maxResponseBytes, connectTimeoutMs, idleTimeoutMs } = options;
  const limits = { maxConnections, maxResponseBytes, connectTimeoutMs, idleTimeoutMs };
  for (const [name, limit] of Object.entries(limits)) {
    if (!(limit > 0)) throw new TypeError(`${name} has to be greater than 0, not ${limit}`);
  }
  if (protocol === 'http:') return new WireTransport(options);
  if (protocol === 'https:') return new UndiciTransport(options);
  throw new TypeError(`an upstream is reached by http: or https:, not ${protocol}`);
}
