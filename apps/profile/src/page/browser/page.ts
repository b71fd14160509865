/// <reference lib="dom" />
import type { CallNode } from '../../call-tree.ts';
import type { Frame } from '../../frames.ts';
import { topFunctions } from '../../top-list.ts';
import type { PageData, PageProcess } from '../page-data.ts';
import { timeOfHits } from './flame-layout.ts';
import { createFlameView } from './flame-view.ts';
import { mergeTrees, withoutIdle } from './merge-trees.ts';
import { kindNames, percentText, timeText } from './text.ts';

/** Fills the page and listens to it; runs once, when the page has been read. */
export function startPage(): void {
  const element = <T extends HTMLElement>(id: string) => document.getElementById(id) as T;
  const data = JSON.parse(element('data').textContent ?? '') as PageData;
  const { frames, processes } = data;
  const choice = element<HTMLSelectElement>('process');
  const search = element<HTMLInputElement>('search');
  const flame = createFlameView(element('flame'), frames, (text, place) => {
    element('what').textContent = text;
    element('place').textContent = place;
  });
  let tree: CallNode;

  const showChoice = () => {
    const one = processes[Number(choice.value)];
    const chosen = one ? [one] : processes;
    const whole = mergeTrees(chosen.map((process) => process.tree));
    tree = withoutIdle(whole, frames);
    element('facts').replaceChildren(...factElements(chosen, whole, tree));
    element('legend').replaceChildren(...legendElements(tree, frames));
    flame.show(tree);
    showTop(element('top'), tree, frames, (text) => {
      search.value = text;
      find();
    });
    find();
  };
  const find = () => {
    const text = search.value.trim().toLowerCase();
    const hits = new Set<number>();
    if (text !== '') {
      for (const [i, { name, file }] of frames.entries()) {
        if (`${name} ${file}`.toLowerCase().includes(text)) hits.add(i);
      }
    }
    const isHit = (frame: number) => hits.has(frame);
    flame.mark(text === '' ? undefined : isHit);
    element('found').textContent =
      text === '' ? '' : `${percentText(timeOfHits(tree, isHit), tree.totalUs)} of the time`;
  };

  if (processes.length > 1) choice.add(new Option(`all ${processes.length} processes`, 'all'));
  for (const [i, { label }] of processes.entries()) choice.add(new Option(label, String(i)));
  choice.addEventListener('change', showChoice);
  search.addEventListener('input', find);
  element('reset').addEventListener('click', () => {
    search.value = '';
    find();
    flame.reset();
  });
  element('theme').addEventListener('click', () => {
    const root = document.documentElement;
    const isDark =
      (root.dataset.theme ?? (matchMedia('(prefers-color-scheme: dark)').matches && 'dark')) ===
      'dark';
    root.dataset.theme = isDark ? 'light' : 'dark';
  });
  document.addEventListener('keydown', (event) => {
    if (event.key !== '/' || event.target === search) return;
    search.focus();
    event.preventDefault();
  });
  showChoice();
}

export function factElements(
  processes: readonly PageProcess[],
  whole: CallNode,
  busy: CallNode,
): HTMLElement[] {
  const sum = (of: (process: PageProcess) => number) =>
    processes.reduce((total, process) => total + of(process), 0);
  const durationMs = sum((process) => process.durationMs);
  const facts = [
    [
      'event loop',
      `busy ${percentText(busy.totalUs, whole.totalUs)} of ${timeText(whole.totalUs)}`,
    ],
    [
      'CPU, all threads',
      percentText(
        sum((process) => process.cpuMs),
        durationMs,
      ),
    ],
  ];
  return facts.map(([name = '', value = '']) => {
    const fact = document.createElement('div');
    const term = document.createElement('dt');
    const description = document.createElement('dd');
    term.textContent = name;
    description.textContent = value;
    fact.append(term, description);
    return fact;
  });
}

export function legendElements(tree: CallNode, frames: readonly Frame[]): HTMLElement[] {
  const functions = topFunctions([tree], frames);
  return Object.entries(kindNames()).map(([kind, name]) => {
    const item = document.createElement('li');
    const swatch = document.createElement('span');
    const own = functions.filter(({ frame }) => frame.kind === kind);
    const selfUs = own.reduce((sum, one) => sum + one.selfUs, 0);
    swatch.className = `swatch ${kind}`;
    item.append(swatch, `${name} ${percentText(selfUs, tree.totalUs)}`);
    return item;
  });
}

export function showTop(
  body: HTMLElement,
  tree: CallNode,
  frames: readonly Frame[],
  pick: (text: string) => void,
): void {
  const rows = topFunctions([tree], frames).slice(0, 30);
  body.replaceChildren(
    ...rows.map(({ frame, selfUs, totalUs }) => {
      const row = document.createElement('tr');
      const cells = [percentText(selfUs, tree.totalUs), percentText(totalUs, tree.totalUs)];
      for (const text of cells) row.insertCell().textContent = text;
      const button = document.createElement('button');
      button.type = 'button';
      button.textContent = frame.name;
      button.addEventListener('click', () => pick(`${frame.name} ${frame.file}`.trim()));
      row.insertCell().append(button);
      row.insertCell().textContent = frame.line > 0 ? `${frame.file}:${frame.line}` : frame.file;
      return row;
    }),
  );
}
