// Owns what a tag is: the name by which answers are purged together, as headers and purges carry it.

const maxTags = 100;
/** Proxies on the way may refuse a larger head, and there is more in it. */
const maxTagsBytes = 8 * 1024;

/** Visible ASCII without commas and spaces, which stand between tags. */
const tag = /^[\x21-\x2b\x2d-\x7e]{1,256}$/;

/** Whether `text` can be the tag of an answer. */
export function isTag(text: unknown): text is string {
  return typeof text === 'string' && tag.test(text);
}

/**
 * The tags of one answer as `Surrogate-Key` has them, each once.
 * @throws RangeError when one is no tag, or when there are too many
 */
export function tagList(tags: readonly string[]): string {
  assertTags(tags);
  const list = [...new Set(tags)].join(' ');
  if (tags.length <= maxTags && list.length <= maxTagsBytes) return list;
  throw new RangeError(
    `an answer can have ${maxTags} tags of together ${maxTagsBytes} bytes, and this one has ` +
      `${tags.length} of ${list.length}; give it tags for groups instead`,
  );
}

/** Throws a RangeError when one of `tags` is none. */
export function assertTags(tags: readonly string[]): void {
  const wrong = tags.find((text) => !isTag(text));
  if (wrong !== undefined) throw notTag(wrong);
}

/** What is wrong with `text`. */
export function notTag(text: unknown): RangeError {
  return new RangeError(
    'a tag is 1 to 256 visible ASCII characters without spaces and commas, such as item:7, ' +
      `not ${JSON.stringify(text)?.slice(0, 100)}`,
  );
}
