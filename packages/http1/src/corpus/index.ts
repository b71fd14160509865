/** Messages to try on parsers, and on whole proxies: data for tests. */
export type { AcceptedCase, RefusedCase } from './case.ts';
export { malformedRequests } from './requests.ts';
export { malformedResponses } from './responses.ts';
export { validRequests } from './valid-requests.ts';
export { type AcceptedResponse, validResponses } from './valid-responses.ts';
