/** Chunked bodies with their trailers, read strictly and apart from the edge's own code. */

export interface ChunkedBody {
  readonly body: Buffer;
  /** Names and values, in order, as spelled. */
  readonly trailers: readonly (readonly [name: string, value: string])[];
  /** With all of its framing. */
  readonly sizeBytes: number;
}

/** The chunked body at the start of `bytes`; undefined while some of it is missing. */
export function takeChunked(bytes: Buffer): ChunkedBody | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = lineAt(bytes, at);
    if (line === undefined) return undefined;
    if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`not a chunk size: ${JSON.stringify(line)}`);
    const sizeBytes = Number.parseInt(line, 16);
    at += line.length + 2;
    if (sizeBytes === 0) break;
    if (bytes.length < at + sizeBytes + 2) return undefined;
    if (lineAt(bytes, at + sizeBytes) !== '') {
      throw new Error('a chunk does not end where its size says');
    }
    chunks.push(bytes.subarray(at, at + sizeBytes));
    at += sizeBytes + 2;
  }
  const trailers: [string, string][] = [];
  for (;;) {
    const line = lineAt(bytes, at);
    if (line === undefined) return undefined;
    at += line.length + 2;
    if (line === '') return { body: Buffer.concat(chunks), trailers, sizeBytes: at };
    const colon = line.indexOf(':');
    if (colon < 1) throw new Error(`not a trailer field: ${JSON.stringify(line)}`);
    trailers.push([line.slice(0, colon), line.slice(colon + 1).trim()]);
  }
}

function lineAt(bytes: Buffer, start: number): string | undefined {
  const end = bytes.indexOf('\r\n', start);
  return end < 0 ? undefined : bytes.toString('latin1', start, end);
}
