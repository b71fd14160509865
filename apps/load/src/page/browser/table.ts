/// <reference lib="dom" />
/** Boxes and tables of the end of a run. */
import { element } from './element.ts';

/** A box with a title. */
export function panel(title: string, note: string, ...children: HTMLElement[]): HTMLElement {
  return element(
    'section',
    { class: 'panel', 'aria-label': title },
    element(
      'div',
      { class: 'panel-head' },
      element('h2', {}, title, element('span', { class: 'note' }, note)),
    ),
    ...children,
  );
}

/** A table that scrolls on its own when it is too wide; heads of numbers begin with `>`. */
export function table(
  label: string,
  heads: readonly string[],
  rows: readonly HTMLElement[],
): HTMLElement {
  const cells = heads.map((text) =>
    text.startsWith('>')
      ? element('th', { scope: 'col', class: 'number' }, text.slice(1))
      : element('th', { scope: 'col' }, text),
  );
  const head = heads.length === 0 ? [] : [element('thead', {}, element('tr', {}, ...cells))];
  return element(
    'div',
    { class: 'scroll', tabindex: '0', role: 'region', 'aria-label': label },
    element('table', {}, ...head, element('tbody', {}, ...rows)),
  );
}
