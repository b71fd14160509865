/// <reference lib="dom" />
import type { CallNode } from '../../call-tree.ts';
import type { Frame } from '../../frames.ts';
import { type Box, layoutFlame } from './flame-layout.ts';
import { percentText, timeText } from './text.ts';

export interface FlameView {
  /** Shows another tree, whole. */
  show(tree: CallNode): void;
  /** Marks the functions for which it holds; undefined marks none. */
  mark(isHit: ((frame: number) => boolean) | undefined): void;
  reset(): void;
}

/** The flame graph in `host`; `describe` is told of the node under the pointer or the focus. */
export function createFlameView(
  host: HTMLElement,
  frames: readonly Frame[],
  describe: (text: string, place: string) => void,
): FlameView {
  const rowPx = 21;
  let path: CallNode[] = [];
  let boxes: Box[] = [];
  let isHit: ((frame: number) => boolean) | undefined;
  let elements: HTMLElement[] = [];

  const tell = (box: Box) => {
    const whole = path[0]?.totalUs ?? 0;
    const { node } = box;
    const frame = frames[node.frame];
    describe(
      `${box.row === 0 ? 'all' : frame?.name} — total ${percentText(node.totalUs, whole)} (${timeText(node.totalUs)}), self ${percentText(node.selfUs, whole)} (${timeText(node.selfUs)})`,
      frame && frame.line > 0 ? `${frame.file}:${frame.line}` : (frame?.file ?? ''),
    );
  };
  const draw = () => {
    const whole = path[0]?.totalUs ?? 0;
    boxes = layoutFlame(path, 1.5 / Math.max(300, host.clientWidth));
    host.style.height = `${((boxes.at(-1)?.row ?? 0) + 1) * rowPx}px`;
    elements = boxes.map((box, i) => {
      const { node, row, start, width } = box;
      const frame = frames[node.frame];
      const element = document.createElement('div');
      const name = row === 0 ? 'all' : (frame?.name ?? '');
      element.className = `box ${row === 0 ? 'root' : frame?.kind}`;
      if (row < path.length - 1) element.classList.add('above');
      if (isHit) element.classList.add(isHit(node.frame) ? 'hit' : 'miss');
      element.setAttribute('role', 'treeitem');
      element.setAttribute('aria-level', String(row + 1));
      element.setAttribute(
        'aria-label',
        `${name}, total ${percentText(node.totalUs, whole)}, self ${percentText(node.selfUs, whole)}`,
      );
      element.tabIndex = row === path.length - 1 ? 0 : -1;
      element.dataset.box = String(i);
      if (width * host.clientWidth > 24) element.textContent = name;
      element.style.cssText = `left:${start * 100}%;width:${width * 100}%;top:${row * rowPx}px`;
      return element;
    });
    host.replaceChildren(...elements);
  };
  const zoom = (box: Box) => {
    const chain: CallNode[] = [];
    for (let at: Box | undefined = box; at; at = at.parent) chain.unshift(at.node);
    path = chain;
    draw();
    focus(boxes[path.length - 1]);
  };
  const focus = (box: Box | undefined) => {
    if (box) elements[boxes.indexOf(box)]?.focus();
  };
  const boxOf = (event: Event): Box | undefined => {
    const element = (event.target as HTMLElement).closest<HTMLElement>('[data-box]');
    return element ? boxes[Number(element.dataset.box)] : undefined;
  };
  const reset = () => {
    path = path.slice(0, 1);
    draw();
  };
  /** Where an arrow leads to: along the row, to the caller, or to what was called the longest. */
  const next = (box: Box, key: string): Box | undefined => {
    const neighbour = boxes[boxes.indexOf(box) + (key === 'ArrowLeft' ? -1 : 1)];
    if (key === 'ArrowUp') return box.parent;
    if (key === 'ArrowDown') return boxes.find(({ parent }) => parent === box);
    return neighbour?.row === box.row ? neighbour : undefined;
  };

  for (const kind of ['pointerover', 'focusin']) {
    host.addEventListener(kind, (event) => {
      const box = boxOf(event);
      if (box) tell(box);
    });
  }
  host.addEventListener('click', (event) => {
    const box = boxOf(event);
    if (box) zoom(box);
  });
  host.addEventListener('keydown', (event) => {
    const box = boxOf(event);
    if (!box) return;
    if (event.key.startsWith('Arrow')) focus(next(box, event.key));
    else if (event.key === 'Enter' || event.key === ' ') zoom(box);
    else if (event.key === 'Escape') {
      reset();
      focus(boxes[0]);
    } else return;
    event.preventDefault();
  });
  let width = host.clientWidth;
  new ResizeObserver(() => {
    if (host.clientWidth === width) return;
    width = host.clientWidth;
    draw();
  }).observe(host);

  return {
    show(tree) {
      path = [tree];
      draw();
    },
    mark(next) {
      isHit = next;
      draw();
    },
    reset,
  };
}
