// Owns how a body that is there already is told from one that is still being made.

/** A body as far as it is known: all of it, or a stream of all of it. */
export type KnownBody =
  | { readonly isWhole: true; readonly bytes: Uint8Array }
  | { readonly isWhole: false; readonly stream: ReadableStream<Uint8Array> };

type Reader = ReadableStreamDefaultReader<Uint8Array>;
type Read = ReturnType<Reader['read']>;

/**
 * Reads `body` as long as it does not have to be waited for, up to `maxBytes`. Bodies made of text
 * or bytes are whole; of others nothing is lost, and nobody who reads them waits longer.
 */
export async function readAtOnce(
  body: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<KnownBody> {
  if (body === null) return { isWhole: true, bytes: new Uint8Array() };
  const reader: Reader = body.getReader();
  const chunks: Uint8Array[] = [];
  const patience = oneTurn();
  try {
    for (let sizeBytes = 0; ; ) {
      const read = reader.read();
      const result = await Promise.race([read, patience.over]);
      if (result === undefined) return { isWhole: false, stream: streamOf(chunks, reader, read) };
      if (result.done) return { isWhole: true, bytes: inOne(chunks) };
      chunks.push(result.value);
      sizeBytes += result.value.length;
      if (sizeBytes > maxBytes) return { isWhole: false, stream: streamOf(chunks, reader) };
    }
  } finally {
    patience.end();
  }
}

/** Ends when the event loop turns: what is in memory needs no turn. */
function oneTurn() {
  const { promise, resolve } = Promise.withResolvers<undefined>();
  const immediate = setImmediate(resolve, undefined);
  return { over: promise, end: () => clearImmediate(immediate) };
}

/** What was read, then what `next` brings, then the rest. */
function streamOf(chunks: Uint8Array[], reader: Reader, next?: Read): ReadableStream<Uint8Array> {
  let pending = next;
  return new ReadableStream({
    async pull(controller) {
      const known = chunks.shift();
      if (known !== undefined) {
        controller.enqueue(known);
        return;
      }
      const read = pending ?? reader.read();
      pending = undefined;
      const { done, value } = await read;
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function inOne(chunks: readonly Uint8Array[]): Uint8Array {
  const [first, ...more] = chunks;
  return first !== undefined && more.length === 0 ? first : Buffer.concat(chunks);
}
