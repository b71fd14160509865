/**
 * What the edge misses of the public HTTP cache tests as they are on npm (0.4.5), and why. The list
 * is exact: a test that fails and is not here fails the suite, and so does one that is here and
 * passes. What the edge does differently on purpose is what RFC 9111 says, or allows.
 */
import type { CacheTestKind } from './http-cache-tests-suite.ts';

export interface KnownMisses {
  readonly kind: Exclude<CacheTestKind, 'check'>;
  readonly why: string;
  readonly ids: readonly string[];
}

export const knownMisses: readonly KnownMisses[] = [
  {
    kind: 'required',
    why:
      'RFC 9111 §5.1: an Age that is no number of seconds is ignored, and of several the first ' +
      'counts. This release still wants such answers to be stale; later ones want what the RFC says.',
    ids: [
      'age-parse-dup-0',
      'age-parse-dup-0-twoline',
      'age-parse-dup-old',
      'age-parse-float',
      'age-parse-negative',
      'age-parse-nonnumeric',
      'age-parse-numeric-parameter',
      'age-parse-parameter',
      'age-parse-prefix-twoline',
    ],
  },
  {
    kind: 'required',
    why:
      'RFC 9111 §7.3: an answer that sets a cookie is for the client that asked, unless its origin ' +
      'says that it is for all and the route keeps such answers.',
    ids: ['304-etag-update-response-Set-Cookie', 'headers-store-Set-Cookie'],
  },
  {
    kind: 'optimal',
    why: 'The same: an answer with Set-Cookie is not kept.',
    ids: ['other-set-cookie'],
  },
  {
    kind: 'required',
    why:
      'RFC 9112 §6.1 and §7: an answer in a transfer coding nobody knows has no end that can be ' +
      'found. The edge answers 502 and closes that connection.',
    ids: ['headers-store-Transfer-Encoding'],
  },
  {
    kind: 'required',
    why:
      'RFC 9111 §5.2.2.2: where a stale answer is forbidden the client is given an error. It is the ' +
      'edge that makes it, without the field by which this release knows answers of the origin.',
    ids: [
      'stale-close-must-revalidate',
      'stale-close-no-cache',
      'stale-close-proxy-revalidate',
      'stale-close-s-maxage=2',
    ],
  },
  {
    kind: 'required',
    why:
      'RFC 9111 §3.2: a 304 replaces every field but a few, and Content-MD5 is none of these. Later ' +
      'releases only ask what a cache does.',
    ids: ['304-etag-update-response-Content-MD5'],
  },
  {
    kind: 'required',
    why:
      'RFC 9111 §4.3.4: a 304 with another strong ETag than that of the stored answer says nothing ' +
      'about it. Later releases only ask what a cache does.',
    ids: ['304-etag-update-response-ETag'],
  },
  {
    kind: 'required',
    why:
      'Surrogate-Control is from a note of 2001 that RFC 9213 has replaced: CDN-Cache-Control is ' +
      'heard instead. Later releases test that.',
    ids: [
      'surrogate-fresh-cc-nostore',
      'surrogate-max-age-0',
      'surrogate-max-age-0-expires',
      'surrogate-max-age-age',
      'surrogate-max-age-long-cc-max-age',
      'surrogate-max-age-other-target',
      'surrogate-no-store-cc-fresh',
    ],
  },
  {
    kind: 'optimal',
    why: 'The same: Surrogate-Control is not heard.',
    ids: [
      'surrogate-max-age',
      'surrogate-max-age-case-insensitive',
      'surrogate-max-age-cc-max-age-invalid-expires',
      'surrogate-max-age-expires',
      'surrogate-max-age-extension',
      'surrogate-max-age-max',
      'surrogate-max-age-max-plus',
      'surrogate-max-age-me-target',
      'surrogate-max-age-short-cc-max-age',
    ],
  },
  {
    kind: 'optimal',
    why:
      'RFC 9111 §3.3 allows parts to be kept, and asks for nothing: whole answers are fetched and ' +
      'parts cut from them. The origin of the suite sends a part that was not asked for.',
    ids: [
      'partial-store-partial-complete',
      'partial-store-partial-reuse-partial',
      'partial-store-partial-reuse-partial-absent',
      'partial-store-partial-reuse-partial-byterange',
      'partial-store-partial-reuse-partial-suffix',
    ],
  },
  {
    kind: 'optimal',
    why:
      'RFC 9110 §9.3.3 allows an answer to a POST to be kept for a GET; hardly any origin means it, ' +
      'and a POST makes what is kept invalid.',
    ids: ['method-POST'],
  },
  {
    kind: 'optimal',
    why:
      'RFC 9111 §4.1 allows values to be taken as equal that mean the same to the origin. Which of ' +
      'the languages it has is best for a client is for the origin to say.',
    ids: ['vary-normalise-lang-select'],
  },
  {
    kind: 'optimal',
    why:
      'RFC 9111 §4.3.2: without Last-Modified, Date is compared, and here it is later than what the ' +
      'client has: the answer was made since.',
    ids: ['conditional-lm-fresh-no-lm'],
  },
];
