/** What errors of undici, ws, sockets and TLS mean for a request. */
import { errors } from 'undici';
import { type FailureKind, kindOfError, RequestFailure } from '../failure.ts';
import { NOT_OWNED } from '../target-guard.ts';

const KIND_OF_CODE: Readonly<Record<string, FailureKind>> = {
  UND_ERR_CONNECT_TIMEOUT: 'connect-timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: 'protocol',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'protocol',
  ERR_HTTP2_ERROR: 'protocol',
  // TLS is spoken to something that does not, or whose certificate does not hold.
  EPROTO: 'protocol',
  CERT_HAS_EXPIRED: 'protocol',
  DEPTH_ZERO_SELF_SIGNED_CERT: 'protocol',
  SELF_SIGNED_CERT_IN_CHAIN: 'protocol',
  UNABLE_TO_GET_ISSUER_CERT_LOCALLY: 'protocol',
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: 'protocol',
  UND_ERR_DESTROYED: 'cut',
  UND_ERR_CLOSED: 'cut',
  // A name that means nothing: nobody listens there.
  ENOTFOUND: 'refused',
  EAI_AGAIN: 'refused',
  // What the flow asked for cannot be sent.
  UND_ERR_INVALID_ARG: 'exception',
  UND_ERR_NOT_SUPPORTED: 'exception',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'exception',
  [NOT_OWNED]: 'exception',
};

/** Those of llhttp, of ws and of TLS as a whole. */
const PROTOCOL_CODES = /^(HPE_|WS_ERR_|ERR_SSL_|ERR_TLS_)/;

/** The failure of `what` (`GET /items`), whatever was thrown. */
export function failureOf(error: unknown, what: string): RequestFailure {
  const { code, message } = error as { code?: unknown; message?: string };
  const text = typeof code === 'string' ? code : '';
  const kind = error instanceof errors.HTTPParserError ? 'protocol' : kindOfCode(text);
  return new RequestFailure(kind, `${what}: ${message || text || String(error)}`, { cause: error });
}

function kindOfCode(code: string): FailureKind {
  if (PROTOCOL_CODES.test(code)) return 'protocol';
  return KIND_OF_CODE[code] ?? kindOfError({ code });
}
