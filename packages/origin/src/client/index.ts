// The public face of the partner client.
export { abortFailure, type Failure, type FailureKind, PartnerError } from './failure.ts';
export { gather, type Task } from './gather.ts';
export {
  type CallOptions,
  createPartnerClient,
  type PartnerClient,
  type PartnerClientOptions,
  type PartnerResult,
} from './partner-client.ts';
export type { Query, Segment } from './request-path.ts';
