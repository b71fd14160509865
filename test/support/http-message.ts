/**
 * Just enough HTTP/1.1 to read messages off a raw socket: an independent reader, so that the edge
 * is never judged by its own parser. It takes well-formed messages and throws at anything else.
 */

export interface Head {
  /** Request line or status line. */
  readonly startLine: string;
  /** In order, as spelled on the wire. */
  readonly fields: readonly (readonly [name: string, value: string])[];
  /** Up to and including the empty line. */
  readonly sizeBytes: number;
}

/** How the end of a body is found; `close` reads to the end of the connection. */
export type Framing =
  | { readonly kind: 'none' }
  | { readonly kind: 'length'; readonly sizeBytes: number }
  | { readonly kind: 'chunked' }
  | { readonly kind: 'close' };

/** The head at the start of `bytes`; undefined while its empty line has not arrived. */
export function parseHead(bytes: Buffer): Head | undefined {
  const end = bytes.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const [startLine = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
  const fields = lines.map((line) => {
    const colon = line.indexOf(':');
    if (colon < 1) throw new Error(`not a header field: ${JSON.stringify(line)}`);
    return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
  });
  return { startLine, fields, sizeBytes: end + 4 };
}

/** Every value of `name` (any case), in order. */
export function valuesOf(head: Pick<Head, 'fields'>, name: string): string[] {
  const wanted = name.toLowerCase();
  return head.fields.filter(([key]) => key.toLowerCase() === wanted).map(([, value]) => value);
}

/** What Transfer-Encoding and Content-Length say; undefined when they say nothing. */
export function declaredFraming(head: Head): Framing | undefined {
  const codings = valuesOf(head, 'transfer-encoding');
  const lengths = valuesOf(head, 'content-length');
  if (codings.length + lengths.length > 1) {
    throw new Error(`a message framed twice: ${JSON.stringify(head.fields)}`);
  }
  if (codings[0] !== undefined) return { kind: 'chunked' };
  return lengths[0] === undefined ? undefined : { kind: 'length', sizeBytes: Number(lengths[0]) };
}

/** The whole body at the start of `bytes`; undefined while some of it is missing. */
export function takeBody(
  bytes: Buffer,
  framing: Framing,
  isEnded: boolean,
): { readonly body: Buffer; readonly sizeBytes: number } | undefined {
  switch (framing.kind) {
    case 'none':
      return { body: Buffer.alloc(0), sizeBytes: 0 };
    case 'length':
      if (bytes.length < framing.sizeBytes) return undefined;
      return { body: bytes.subarray(0, framing.sizeBytes), sizeBytes: framing.sizeBytes };
    case 'close':
      return isEnded ? { body: bytes, sizeBytes: bytes.length } : undefined;
    case 'chunked':
      return takeChunks(bytes);
  }
}

function takeChunks(bytes: Buffer): { body: Buffer; sizeBytes: number } | undefined {
  const chunks: Buffer[] = [];
  let at = 0;
  for (;;) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return undefined;
    const line = bytes.toString('latin1', at, lineEnd);
    if (!/^[0-9a-f]+$/i.test(line)) throw new Error(`not a chunk size: ${JSON.stringify(line)}`);
    const size = Number.parseInt(line, 16);
    const start = lineEnd + 2;
    if (size === 0) {
      const sectionEnd = bytes.indexOf('\r\n\r\n', lineEnd);
      if (sectionEnd < 0) return undefined;
      return { body: Buffer.concat(chunks), sizeBytes: sectionEnd + 4 };
    }
    if (bytes.length < start + size + 2) return undefined;
    if (bytes.toString('latin1', start + size, start + size + 2) !== '\r\n') {
      throw new Error('a chunk does not end where its size says');
    }
    at = start + size + 2;
    chunks.push(bytes.subarray(start, start + size));
  }
}
