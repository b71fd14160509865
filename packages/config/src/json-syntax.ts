// Finds where a text stops being JSON (RFC 8259). JSON.parse decides whether it is; its messages
// often leave out the place.

/** What was expected at the first offset that cannot continue a JSON text. */
export interface JsonSyntaxError {
  readonly offset: number;
  readonly expected: string;
}

const tokens = {
  space: /[ \t\n\r]*/y,
  string: /"(?:[ !#-[\]-\u{10ffff}]|\\(?:["\\/bfnrt]|u[\dA-Fa-f]{4}))*"/uy,
  scalar: /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y,
};

/** The first syntax error of `text`, or undefined when it is JSON. */
export function findJsonError(text: string): JsonSyntaxError | undefined {
  let offset = 0;

  function take(token: keyof typeof tokens): boolean {
    const pattern = tokens[token];
    pattern.lastIndex = offset;
    if (!pattern.test(text)) return false;
    offset = pattern.lastIndex;
    return true;
  }

  function takeMark(mark: string): boolean {
    take('space');
    if (text[offset] !== mark) return false;
    offset += 1;
    take('space');
    return true;
  }

  function value(): string | undefined {
    take('space');
    if (takeMark('{')) return entries('}', member);
    if (takeMark('[')) return entries(']', value);
    return take('string') || take('scalar') ? undefined : 'a value';
  }

  function member(): string | undefined {
    if (!take('string')) return 'a key in double quotes';
    return takeMark(':') ? value() : '":"';
  }

  function entries(end: string, entry: () => string | undefined): string | undefined {
    if (takeMark(end)) return undefined;
    do {
      const expected = entry();
      if (expected !== undefined) return expected;
    } while (takeMark(','));
    return takeMark(end) ? undefined : `"," or "${end}"`;
  }

  const expected = value();
  if (expected !== undefined) return { offset, expected };
  take('space');
  return offset < text.length ? { offset, expected: 'the end of the file' } : undefined;
}
