/** How long and how much clients may. */
import { type Limits, RequestParser } from '@headgate/http1';
import type { ProxyConfig } from '../config.ts';
import { ParserPool } from '../parser-pool.ts';
import type { UploadRules } from './upload.ts';

/** Those in force when its connection was accepted. */
export interface ClientSettings {
  readonly limits: Limits;
  /** With these limits. */
  readonly parsers: ParserPool<RequestParser>;
  /** What is sent ahead of its turn is read this far. */
  readonly pipelinedBytes: number;
  /** For a whole head, from its first byte or the connection's. */
  readonly headTimeoutMs: number;
  /** How long an idle connection is kept for its next request. */
  readonly keepAliveMs: number;
  /** Taking nothing of an answer. */
  readonly stallMs: number;
  readonly upload: Omit<UploadRules, 'expectsContinue'>;
}

/** What is allowed to clients that connect under `config`. */
export function clientSettings({
  timeouts,
  limits,
}: Pick<ProxyConfig, 'timeouts' | 'limits'>): ClientSettings {
  const ofRequests = {
    headSizeBytes: limits.requestHeadSize,
    headerCount: limits.requestHeaderCount,
    targetLength: limits.requestTargetSize,
    chunkExtensionBytes: limits.chunkExtensionSize,
    trailerSizeBytes: limits.trailerSize,
  };
  return {
    limits: ofRequests,
    parsers: new ParserPool(() => new RequestParser(ofRequests)),
    pipelinedBytes: limits.pipelinedSize,
    headTimeoutMs: timeouts.requestHead,
    keepAliveMs: timeouts.clientKeepAlive,
    stallMs: timeouts.responseStall,
    upload: {
      idleMs: timeouts.requestBodyIdle,
      bytesPerSecond: limits.requestBodyRate,
      maxSizeBytes: limits.requestBodySize ?? Number.POSITIVE_INFINITY,
    },
  };
}
