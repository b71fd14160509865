/** A flow of one request, written once where it can be, and sent over a plain connection. */
import { type FieldLines, fieldLine, writeRequestHead } from '@headgate/http1';
import { isExpectedStatus } from '../flows/expectation.ts';
import type { FlowOwner, RunningFlow } from '../flows/running-flow.ts';
import type { SeriesId } from '../recorder.ts';
import type { PlainRequest, StatusExpectation } from '../scenario.ts';
import type { PlainClient } from './plain-client.ts';

export interface PlainFlowOptions {
  readonly client: PlainClient;
  readonly series: SeriesId;
  /** What goes into Host. */
  readonly authority: string;
  /** Sent with every request; those of a request replace them. */
  readonly headers: Readonly<Record<string, string>>;
  readonly isChurning: boolean;
  readonly expect: StatusExpectation | undefined;
  /** The request, or what makes one for each user. */
  readonly request: PlainRequest | ((user: unknown) => PlainRequest);
}

export class PlainFlow implements RunningFlow {
  readonly #options: PlainFlowOptions;
  readonly #isExpected: (status: number) => boolean;
  readonly #write: (user: unknown) => { readonly method: string; readonly text: string };

  /** Throws a TypeError for a request that cannot be written as HTTP. */
  constructor(options: PlainFlowOptions) {
    this.#options = options;
    this.#isExpected = (status) => isExpectedStatus(options.expect, status);
    const { request } = options;
    if (typeof request === 'function') {
      this.#write = (user) => writeRequest(request(user), options);
    } else {
      const written = writeRequest(request, options);
      this.#write = () => written;
    }
  }

  begin(intendedMs: number, owner: FlowOwner, user: unknown): void {
    const { client, series } = this.#options;
    let written: { readonly method: string; readonly text: string };
    try {
      written = this.#write(user);
    } catch {
      client.refuse(series, owner, intendedMs);
      return;
    }
    const { method, text } = written;
    client.begin({ series, text, method, owner, isExpected: this.#isExpected }, intendedMs);
  }

  async close(): Promise<void> {}
}

function writeRequest(
  request: PlainRequest,
  { authority, headers, isChurning }: PlainFlowOptions,
): { method: string; text: string } {
  const { path, method = 'GET', body } = request;
  const fields = new Map<string, [string, string]>();
  const add = (all: Readonly<Record<string, string>> = {}) => {
    for (const [name, value] of Object.entries(all)) fields.set(name.toLowerCase(), [name, value]);
  };
  add({ host: authority });
  add(headers);
  add(request.headers);
  if (isChurning) add({ connection: 'close' });
  const lines: FieldLines[] = [...fields.values()].map(([name, value]) => fieldLine(name, value));
  // A character for each byte, so that head and body are one string and one write.
  const bytes = body === undefined ? '' : Buffer.from(body, 'utf8').toString('latin1');
  const framing = body === undefined ? 'none' : bytes.length;
  return { method, text: writeRequestHead(method, path, framing, ...lines) + bytes };
}
