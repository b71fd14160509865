/// <reference lib="dom" />
/** Names and values under a chart; a name hides its line and brings it back. */
import type { Slice } from '../../result.ts';
import { element, setText } from './element.ts';
import { formatClock, NOTHING } from './format.ts';
import type { Color } from './theme.ts';

interface LegendItem {
  readonly label: string;
  readonly color: Color;
  readonly dash?: number[];
}

export interface Legend {
  readonly element: HTMLElement;
  setItems(items: readonly LegendItem[]): void;
  isShown(index: number): boolean;
  show(slice: Slice | undefined, values: readonly string[]): void;
}

/** Calls `onToggle` when a line is to be hidden or shown. */
export function createLegend(onToggle: (index: number, isShown: boolean) => void): Legend {
  const time = element('span', { class: 'legend-time' }, NOTHING);
  const box = element('div', { class: 'legend' }, time);
  const hidden = new Set<string>();
  let items: readonly LegendItem[] = [];
  let values: HTMLElement[] = [];

  return {
    element: box,
    setItems(next) {
      items = next;
      values = [];
      box.replaceChildren(time);
      items.forEach((item, i) => {
        const value = element('span', { class: 'legend-value' }, NOTHING);
        const button = element(
          'button',
          { type: 'button', class: 'legend-item', 'aria-pressed': String(!hidden.has(item.label)) },
          element('span', {
            class: `swatch ${item.color}${item.dash === undefined ? '' : ' dashed'}`,
          }),
          element('span', { class: 'legend-label' }, item.label),
          value,
        );
        button.addEventListener('click', () => {
          if (!hidden.delete(item.label)) hidden.add(item.label);
          const isShown = !hidden.has(item.label);
          button.setAttribute('aria-pressed', String(isShown));
          onToggle(i, isShown);
        });
        values.push(value);
        box.append(button);
      });
    },
    isShown: (index) => !hidden.has(items[index]?.label ?? ''),
    show(slice, texts) {
      setText(time, slice === undefined ? NOTHING : formatClock(slice.startMs / 1_000));
      values.forEach((value, i) => {
        setText(value, texts[i] ?? NOTHING);
      });
    },
  };
}
