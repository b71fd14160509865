/// <reference lib="dom" />
/** Makes elements of the page, and finds those of its document. */

/** A new element; attributes that are `undefined` are left out. */
export function element<Tag extends keyof HTMLElementTagNameMap>(
  tag: Tag,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Tag] {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children);
  return made;
}

/** The element of the document with this id; a document without it has none. */
export function find<E extends HTMLElement = HTMLElement>(id: string): E | undefined {
  return (document.getElementById(id) as E | null) ?? undefined;
}

/** As `find`, for what every document has. */
export function get<E extends HTMLElement = HTMLElement>(id: string): E {
  const found = find<E>(id);
  if (found === undefined) throw new Error(`the document has no element "${id}"`);
  return found;
}

/** Sets the text, and leaves the page alone when it is that already. */
export function setText(target: HTMLElement, text: string): void {
  if (target.textContent !== text) target.textContent = text;
}
