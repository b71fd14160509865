/**
 * Fields on their way through: what is taken off beyond what is hop-by-hop, and how the fields of
 * a message are asked about.
 */
import { type FieldLines, type Fields, NameSet } from '@headgate/http1';

/** Replaced by the edge on the way up, whatever the client sent. */
const REPLACED_UPSTREAM = new NameSet([
  'expect',
  'host',
  ...spellings('headgate-deadline-ms'),
  ...spellings('headgate-priority'),
  ...spellings('forwarded'),
  ...spellings('traceparent'),
  ...spellings('x-forwarded-for'),
  ...spellings('x-forwarded-host'),
  ...spellings('x-forwarded-proto'),
  ...spellings('x-request-id'),
]);

/** The request id is the edge's, and the load of an origin nobody else's business. */
const REPLACED_DOWNSTREAM = new NameSet(['headgate-load', 'x-request-id']);

/** The end-to-end fields of a request, without those the edge writes itself. */
export function endToEndRequestLines(fields: Fields): FieldLines {
  return fields.endToEnd(REPLACED_UPSTREAM);
}

/** The end-to-end fields of an answer, without what is for the edge only. */
export function endToEndResponseLines(fields: Fields): FieldLines {
  return fields.endToEnd(REPLACED_DOWNSTREAM);
}

/** The value of the first field with this name (lower-case), undefined when there is none. */
export function fieldValue(fields: Fields, name: string): string | undefined {
  const at = fields.find(name);
  return at < 0 ? undefined : fields.value(at);
}

/** Every value of `name` (lower-case) as one comma-joined list (RFC 9110 §5.3). */
export function joinedField(fields: Fields, name: string): string | undefined {
  let joined: string | undefined;
  for (let at = fields.find(name); at >= 0; at = fields.find(name, at + 1)) {
    joined = joined === undefined ? fields.value(at) : `${joined}, ${fields.value(at)}`;
  }
  return joined;
}

/** CGI-like origins read X_Forwarded_For as X-Forwarded-For: every mix of both. */
function spellings(name: string): string[] {
  return name
    .split('-')
    .reduce<string[]>(
      (heads, part) =>
        heads.flatMap((head) => (head === '' ? [part] : [`${head}-${part}`, `${head}_${part}`])),
      [''],
    );
}
