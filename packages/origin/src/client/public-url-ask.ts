// Owns one request to a host of somebody else's: where its name leads, whether that is public, and
// that the connection goes there and nowhere else.
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import { Client, type Dispatcher, errors } from 'undici';
import { isPublicAddress } from './public-url-address.ts';
import { PublicUrlError } from './public-url-error.ts';

/** The answer of the last URL: whole, and as it came. */
export interface PublicAnswer {
  readonly status: number;
  /** Where redirects led. */
  readonly url: string;
  /** The value of a field, by lower-case name; repeated ones joined by ", ". */
  header(name: string): string | undefined;
  readonly body: Buffer;
}

/** One request of a chain of redirects. */
export interface PublicHop {
  readonly url: URL;
  readonly method: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array | undefined;
}

/** An address a host name stands for. */
interface HostAddress {
  readonly address: string;
  readonly family: number;
}

/** What is known of the world outside; tests know another. */
export interface PublicWorld {
  resolve(host: string): Promise<readonly HostAddress[]>;
  isPublic(address: string): boolean;
  /** Certificates of authorities to trust in place of the usual ones. */
  readonly ca?: string | Buffer;
}

/** The world as it is. */
export const internet: PublicWorld = {
  resolve: (host) => lookup(host, { all: true }),
  isPublic: isPublicAddress,
};

/**
 * Sends `hop` and takes in its answer, whatever its status. Rejects with a PublicUrlError, or with
 * anything at all when `signal` aborts.
 */
export async function askPublic(
  { url, method, headers, body }: PublicHop,
  maxResponseBytes: number,
  signal: AbortSignal,
  world: PublicWorld,
): Promise<PublicAnswer> {
  const addresses = await addressesOf(url, signal, world);
  // One connection, for this request only: the next hop is judged anew, and whoever makes us fetch
  // many hosts leaves nothing behind.
  const client = new Client(url.origin, {
    allowH2: false,
    connect: { lookup: pinnedTo(addresses), ...(world.ca && { ca: world.ca }) },
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  try {
    const answer = await client.request({
      method: method as Dispatcher.HttpMethod,
      path: url.pathname + url.search,
      headers: { ...headers, 'accept-encoding': 'identity' },
      body: body ?? null,
      signal,
    });
    return {
      status: answer.statusCode,
      url: url.href,
      header: (name) => joined(answer.headers[name]),
      body: await collect(answer.body, maxResponseBytes),
    };
  } catch (error) {
    if (error instanceof PublicUrlError) throw error;
    if (error instanceof errors.InvalidArgumentError) throw new TypeError(error.message);
    throw new PublicUrlError('unreachable', 'its host could not be reached, or broke off', {
      cause: error,
    });
  } finally {
    await client.destroy();
  }
}

/** Where `url` leads; all of it public, or it leads nowhere. */
async function addressesOf(
  { hostname }: URL,
  signal: AbortSignal,
  world: PublicWorld,
): Promise<readonly HostAddress[]> {
  const literal = hostname.replace(/^\[|\]$/g, '');
  const family = isIP(literal);
  const addresses =
    family > 0
      ? [{ address: literal, family }]
      : await untilAborted(world.resolve(hostname), signal);
  // One that is not public among others is no accident, and which of them is used is not ours.
  if (addresses.length > 0 && addresses.every(({ address }) => world.isPublic(address))) {
    return addresses;
  }
  throw new PublicUrlError('address', 'its host has no public address');
}

async function untilAborted(
  resolving: Promise<readonly HostAddress[]>,
  signal: AbortSignal,
): Promise<readonly HostAddress[]> {
  signal.throwIfAborted();
  let giveUp = () => {};
  const aborted = new Promise<never>((_, reject) => {
    giveUp = () => reject(signal.reason);
    signal.addEventListener('abort', giveUp);
  });
  try {
    return await Promise.race([resolving, aborted]);
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new PublicUrlError('address', 'its host has no public address', { cause });
  } finally {
    signal.removeEventListener('abort', giveUp);
  }
}

/** A name lookup that finds these addresses, whatever the name stands for by now. */
function pinnedTo(addresses: readonly HostAddress[]): LookupFunction {
  return (_host, { all }, done) => {
    const [first] = addresses;
    if (all) done(null, [...addresses]);
    else done(null, first?.address ?? '', first?.family);
  };
}

async function collect(body: AsyncIterable<Buffer>, maxBytes: number): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of body) {
    sizeBytes += chunk.length;
    if (sizeBytes > maxBytes)
      throw new PublicUrlError('too-large', `its body is larger than ${maxBytes} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, sizeBytes);
}

function joined(value: string | string[] | undefined): string | undefined {
  return Array.isArray(value) ? value.join(', ') : value;
}
