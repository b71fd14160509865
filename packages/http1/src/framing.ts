/** How a body is delimited (RFC 9112 §6). */

/**
 * `none`: there is no body. `length`: as many bytes as Content-Length says, possibly 0.
 * `chunked`: chunks, then trailers. `close`: everything until the connection ends.
 */
export type Framing = 'none' | 'length' | 'chunked' | 'close';
