/// <reference lib="dom" />
/** Which part of the time all charts show. */
import { element } from './element.ts';
import { endOfSlices, type RunData } from './run-data.ts';

/** So that the first seconds of a run are not stretched over the whole width. */
const LEAST_S = 30;

type Span =
  | { readonly kind: 'all' }
  | { readonly kind: 'last'; readonly seconds: number }
  | { readonly kind: 'part'; readonly from: number; readonly to: number };

export interface View {
  readonly bar: HTMLElement;
  /** In seconds since the start. */
  range(run: RunData): [number, number];
  /** Shows this part, until another is chosen. */
  zoom(from: number, to: number): void;
  reset(): void;
}

/** Calls `onChange` when another part was chosen. */
export function createView(onChange: () => void): View {
  let span: Span = { kind: 'all' };
  const choices: [string, Span][] = [
    ['Whole run', { kind: 'all' }],
    ['Last 5 min', { kind: 'last', seconds: 300 }],
    ['Last minute', { kind: 'last', seconds: 60 }],
  ];
  const group = element('div', { class: 'segments', role: 'group', 'aria-label': 'Time shown' });
  const buttons = choices.map(([label, choice]) => {
    const button = element('button', { type: 'button' }, label);
    button.addEventListener('click', () => show(choice));
    group.append(button);
    return button;
  });
  const hint = element('span', { class: 'hint' }, 'Drag across a chart to zoom in');
  const bar = element('div', { class: 'view' }, group, hint);

  function show(next: Span): void {
    span = next;
    choices.forEach(([, choice], i) => {
      const isOn = choice.kind === span.kind && (choice.kind !== 'last' || choice === span);
      buttons[i]?.setAttribute('aria-pressed', String(isOn));
    });
    hint.textContent =
      span.kind === 'part'
        ? 'Zoomed in — double-click a chart, or “Whole run”, to leave'
        : 'Drag across a chart to zoom in';
    onChange();
  }
  show(span);

  return {
    bar,
    range(run) {
      const end = endOfSlices(run);
      if (span.kind === 'part') return [span.from, span.to];
      if (span.kind === 'last') return [Math.max(0, end - span.seconds), Math.max(end, LEAST_S)];
      return [0, Math.max(end, Math.min(LEAST_S, run.header.durationMs / 1_000), 1)];
    },
    zoom: (from, to) => show({ kind: 'part', from, to }),
    reset: () => show({ kind: 'all' }),
  };
}
