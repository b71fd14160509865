/** The tags an origin gives its answers, by which they are purged. */
import type { FieldLines, Fields } from '@headgate/http1';
import { endToEndWhere, fieldsOf, ownText } from './text-fields.ts';

/** An answer with more of them has the first ones. */
const MAX_TAGS = 256;
/** Longer ones are no tags. */
const MAX_TAG_BYTES = 256;

const NONE: readonly string[] = [];

/** Those of Surrogate-Key, between spaces, and of Cache-Tag, between commas; each once. */
export function readTags(fields: Fields): readonly string[] {
  const all = new Set<string>();
  for (let i = 0; i < fields.count; i++) {
    if (fields.is(i, 'surrogate-key')) addAll(all, fields.value(i).split(/[ \t]+/));
    else if (fields.is(i, 'cache-tag')) addAll(all, fields.value(i).split(/[ \t]*,[ \t]*/));
  }
  return all.size === 0 ? NONE : [...all];
}

function addAll(all: Set<string>, tags: readonly string[]): void {
  for (const tag of tags) {
    if (tag !== '' && tag.length <= MAX_TAG_BYTES && all.size < MAX_TAGS) all.add(tag);
  }
}

const TAG_FIELDS: ReadonlySet<string> = new Set(['cache-tag', 'surrogate-key']);

/** What clients see of stored lines: tags are between the origin and the cache. */
export function withoutTags(lines: FieldLines): FieldLines {
  const fields = fieldsOf(lines);
  if (fields.find('cache-tag') < 0 && fields.find('surrogate-key') < 0) return lines;
  return ownText(endToEndWhere(fields, (name) => !TAG_FIELDS.has(name)));
}
