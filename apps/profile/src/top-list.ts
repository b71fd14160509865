/** Where the time went: functions, files and modules by their self time. */
import type { CallNode } from './call-tree.ts';
import type { Frame } from './frames.ts';

export interface TopFunction {
  readonly frame: Frame;
  readonly selfUs: number;
  /** A function that called itself counts once. */
  readonly totalUs: number;
}

export interface TopFile {
  /** A file, or a module of node_modules. */
  readonly file: string;
  readonly kind: Frame['kind'];
  readonly selfUs: number;
}

/**
 * Shares of a process's time; what is left is JavaScript and native code. Samples tell how much of it
 * the event loop waited: Node's own eventLoopUtilization is far too high while a profiler
 * interrupts the waiting.
 */
export interface TimeShares {
  readonly totalUs: number;
  readonly idleUs: number;
  readonly gcUs: number;
}

/** All functions but idling, those with the most self time first. */
export function topFunctions(trees: readonly CallNode[], frames: readonly Frame[]): TopFunction[] {
  const selfUs = new Map<number, number>();
  const totalUs = new Map<number, number>();
  const depths = new Map<number, number>();
  const visit = (node: CallNode) => {
    const depth = depths.get(node.frame) ?? 0;
    selfUs.set(node.frame, (selfUs.get(node.frame) ?? 0) + node.selfUs);
    if (depth === 0) totalUs.set(node.frame, (totalUs.get(node.frame) ?? 0) + node.totalUs);
    depths.set(node.frame, depth + 1);
    node.children.forEach(visit);
    depths.set(node.frame, depth);
  };
  for (const tree of trees) tree.children.forEach(visit);
  return [...totalUs]
    .map(([index, total]) => ({
      frame: frames[index] as Frame,
      selfUs: selfUs.get(index) ?? 0,
      totalUs: total,
    }))
    .filter(({ frame }) => frame.kind !== 'idle')
    .sort((a, b) => b.selfUs - a.selfUs || b.totalUs - a.totalUs);
}

/** The same self times by file; a module of node_modules is one row, and so is native code. */
export function topFiles(functions: readonly TopFunction[]): TopFile[] {
  const files = new Map<string, { kind: Frame['kind']; selfUs: number }>();
  for (const { frame, selfUs } of functions) {
    const file = fileOf(frame);
    const known = files.get(file);
    if (known) known.selfUs += selfUs;
    else files.set(file, { kind: frame.kind, selfUs });
  }
  return [...files]
    .map(([file, rest]) => ({ file, ...rest }))
    .filter(({ selfUs }) => selfUs > 0)
    .sort((a, b) => b.selfUs - a.selfUs);
}

export function timeShares(tree: CallNode, frames: readonly Frame[]): TimeShares {
  const sumOf = (kind: Frame['kind']) => {
    let sum = 0;
    const visit = (node: CallNode) => {
      if (frames[node.frame]?.kind === kind) sum += node.selfUs;
      node.children.forEach(visit);
    };
    visit(tree);
    return sum;
  };
  return { totalUs: tree.totalUs, idleUs: sumOf('idle'), gcUs: sumOf('gc') };
}

function fileOf({ kind, name, file }: Frame): string {
  if (kind === 'gc') return name;
  if (kind === 'native') return '(native code)';
  if (kind !== 'module') return file;
  const [scopeOrName = '', rest = ''] = file.split('/');
  return scopeOrName.startsWith('@') ? `${scopeOrName}/${rest}` : scopeOrName;
}
