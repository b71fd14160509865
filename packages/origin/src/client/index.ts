// The public face of the partner client and of what fans out over it.
export { all } from './all.ts';
export type {
  Answered,
  CallCache,
  CallOptions,
  CallScope,
  Failed,
  PartnerResult,
  RequestOptions,
} from './call-options.ts';
export { abortFailure, type Failure, type FailureKind } from './failure.ts';
export { gather, type Task } from './gather.ts';
export type { Fields } from './outgoing-fields.ts';
export type { FanOutOptions, Missing, Part, Parts, PartValue, ValueOf } from './part.ts';
export { type Partial, type PartialParts, partial } from './partial.ts';
export { type ListOptions, type PartialList, partialList } from './partial-list.ts';
export { createPartnerClient, type PartnerClient } from './partner-client.ts';
export { PartnerError } from './partner-error.ts';
export type {
  HedgeOptions,
  PartnerCacheOptions,
  PartnerCacheTerms,
  PartnerClientOptions,
  PartnerUpstream,
  RetryOptions,
} from './partner-options.ts';
export { fetchPublicUrl, type PublicFetchOptions } from './public-url.ts';
export type { PublicAnswer } from './public-url-ask.ts';
export { PublicUrlError, type PublicUrlReason } from './public-url-error.ts';
export { first, type Quorum, quorum } from './quorum.ts';
export type { Query, Segment } from './request-path.ts';
