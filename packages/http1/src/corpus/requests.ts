/** Requests that must be refused: malformed, ambiguous or meant to smuggle another request. */
import type { BadPieces, RefusedCase } from './case.ts';
import { badChunkedBodies } from './chunked-bodies.ts';
import { badFieldLines } from './field-lines.ts';
import { badFraming } from './framing-fields.ts';
import { requestHeads } from './request-heads.ts';
import { requestLines } from './request-lines.ts';
import { smuggling } from './smuggling.ts';

const STATUS: Partial<Record<RefusedCase['reason'], number>> = {
  'too-many-fields': 431,
  'trailers-too-large': 431,
  'unsupported-transfer-coding': 501,
};

function cases(groups: readonly BadPieces[], message: (piece: string) => string): RefusedCase[] {
  return groups.flatMap(({ theme, reason, pieces }) =>
    pieces.map((piece) => ({
      theme,
      reason,
      bytes: message(piece),
      status: STATUS[reason] ?? 400,
    })),
  );
}

/** Refused by the parser, so also by everything that uses it. */
export const malformedRequests: readonly RefusedCase[] = [
  ...requestLines,
  ...requestHeads,
  ...cases(badFieldLines, (lines) => `GET / HTTP/1.1\r\nHost: a\r\n${lines}\r\n`),
  ...cases(badFraming, (lines) => `POST / HTTP/1.1\r\nHost: a\r\n${lines}\r\nhello`),
  ...cases(
    badChunkedBodies,
    (body) => `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${body}`,
  ),
  ...smuggling,
];
