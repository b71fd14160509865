/** Heads and fields for tests, read from text by the parsers the edge reads them with. */
import assert from 'node:assert/strict';
import {
  type FieldLines,
  type Fields,
  type RequestHead,
  RequestParser,
  type ResponseHead,
  ResponseParser,
} from '@headgate/http1';

/** Its lines have no line ends, and one character for each byte. */
export function requestHead(requestLine: string, ...lines: readonly string[]): RequestHead {
  const bytes = headBytes(requestLine, lines);
  let read: RequestHead | undefined;
  new RequestParser().execute(bytes, 0, bytes.length, {
    ...rest,
    head(head) {
      read = head;
    },
  });
  assert.ok(read, 'the head is not complete');
  return read;
}

/** As `requestHead`, for the answer to a GET. */
export function responseHead(statusLine: string, ...lines: readonly string[]): ResponseHead {
  const bytes = headBytes(statusLine, lines);
  let read: ResponseHead | undefined;
  const parser = new ResponseParser();
  parser.expect('GET');
  parser.execute(bytes, 0, bytes.length, {
    ...rest,
    head(head) {
      read = head;
    },
  });
  assert.ok(read, 'the head is not complete');
  return read;
}

/** The fields of a request with these lines, which need no Host. */
export function fieldsOf(...lines: readonly string[]): Fields {
  return requestHead('GET / HTTP/1.0', ...lines).fields;
}

/** The fields that were written as `lines`. */
export function fieldsIn(lines: FieldLines): Fields {
  return fieldsOf(...lines.split('\r\n').slice(0, -1));
}

const rest = {
  body() {},
  end() {},
  refuse: ({ message }: { message: string }) => assert.fail(message),
};

function headBytes(startLine: string, lines: readonly string[]): Buffer {
  return Buffer.from([startLine, ...lines, '', ''].join('\r\n'), 'latin1');
}
