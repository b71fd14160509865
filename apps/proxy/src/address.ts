/** Listen addresses: `host:port`, with IPv6 hosts in brackets. */

export type Address =
  | { readonly ok: true; readonly host: string; readonly port: number }
  | { readonly ok: false; readonly reason: string };

/** Parses `127.0.0.1:8080`, `localhost:0`, `[::1]:8080`; port 0 takes any free port. */
export function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  if (!match || host === undefined) {
    return { ok: false, reason: `expected host:port such as 127.0.0.1:8080, got "${text}"` };
  }
  const port = Number(match[3]);
  if (port > 65_535) {
    return { ok: false, reason: `expected a port from 0 to 65535, got ${port}` };
  }
  return { ok: true, host, port };
}

/** The address of a setting the schema has already accepted. */
export function addressOf(text: string): { host: string; port: number } {
  const parsed = parseAddress(text);
  if (!parsed.ok) throw new Error(parsed.reason);
  return parsed;
}

/** `host:port` for people and URLs. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
}
