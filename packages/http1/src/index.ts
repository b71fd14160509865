/** HTTP/1.1 messages, strictly: parsing in any pieces, writing, and no input or output. */
export type { Bytes } from './bytes.ts';
export type { FieldLines, Fields } from './fields.ts';
export type { Framing } from './framing.ts';
export { DEFAULT_LIMITS, type Limits } from './limits.ts';
export { NameSet } from './name-set.ts';
export { Refusal, type RefusalReason } from './refusal.ts';
export type { RequestHead } from './request-head.ts';
export { RequestParser, type RequestSink } from './request-parser.ts';
export type { ResponseHead } from './response-head.ts';
export { ResponseParser, type ResponseSink } from './response-parser.ts';
export type { TargetForm } from './target.ts';
export {
  type BodyFraming,
  chunkPrefix,
  fieldLine,
  lastChunk,
  writeRequestHead,
  writeResponseHead,
} from './write.ts';
