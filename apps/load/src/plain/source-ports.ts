/**
 * Where connections come from, when there are more than one address has ports for: addresses of
 * this machine in turn, each with ports chosen here. Left to find a port on a given address, the
 * kernel searches from one taken port to the next, and takes milliseconds when half are taken.
 */

/** What a connection is bound to. */
export interface Source {
  readonly localAddress: string;
  readonly localPort: number;
}

/** Above the ports of most services. */
const FIRST_PORT = 10_000;
const PORTS = 55_000;

/** The sources of one worker, which are no other worker's; endless, since ports become free. */
export class SourcePorts {
  readonly #addresses: readonly string[];
  readonly #part: number;
  readonly #parts: number;
  #count = 0;

  constructor(addresses: readonly string[], part: number, parts: number) {
    this.#addresses = addresses;
    this.#part = part;
    this.#parts = parts;
  }

  /** Undefined when there are no addresses: the system chooses. */
  next(): Source | undefined {
    const { length } = this.#addresses;
    if (length === 0) return undefined;
    const own = Math.floor(PORTS / this.#parts);
    const turn = Math.floor(this.#count / length) % own;
    const localAddress = this.#addresses[this.#count % length] as string;
    this.#count++;
    return { localAddress, localPort: FIRST_PORT + turn * this.#parts + this.#part };
  }
}

/** Somebody else has that port: another one may be free. */
export function isPortTaken(error: { readonly code?: string } | undefined): boolean {
  return error?.code === 'EADDRINUSE';
}
