/** Profiles made by hand, and by chance. */
import type { CallFrame, CpuProfile, ProfileNode } from './cpu-profile.ts';

const NAME_AND_URL = /^(.*?)(?: ((?:file:|node:|wasm:|\/|headgate-)\S+))?$/;

/** `name`, or `name file:///of/it.ts`, or `name node:net`. */
export function callFrame(text: string): CallFrame {
  const [, functionName = '', url = ''] = NAME_AND_URL.exec(text) ?? [];
  const isBuiltIn = url === '';
  return {
    functionName,
    url,
    lineNumber: isBuiltIn ? -1 : 9,
    columnNumber: isBuiltIn ? -1 : 4,
  };
}

/**
 * A profile of these stacks, each with its microseconds: `[['main', 'hot'], 300]` is one sample of
 * `hot`, called by `main`.
 */
export function profileOf(stacks: readonly (readonly [readonly string[], number])[]): CpuProfile {
  const nodes: (ProfileNode & { children: number[] })[] = [];
  const ids = new Map<string, number>();
  const idOf = (stack: readonly string[]): number => {
    const key = stack.join('\n');
    const known = ids.get(key);
    if (known !== undefined) return known;
    const id = nodes.length + 1;
    ids.set(key, id);
    nodes.push({ id, callFrame: callFrame(stack.at(-1) as string), children: [] });
    const parent = stack.slice(0, -1);
    if (parent.length > 0) nodes[idOf(parent) - 1]?.children.push(id);
    return id;
  };
  idOf(['(root)']);
  const samples = stacks.map(([stack]) => idOf(['(root)', ...stack]));
  const times = stacks.map(([, timeUs]) => timeUs);
  return {
    nodes,
    startTime: 1000,
    endTime: 1000 + times.reduce((sum, timeUs) => sum + timeUs, 0),
    samples,
    // The first sample is at the start, and each lasts until the next.
    timeDeltas: [0, ...times.slice(0, -1)],
  };
}

/** Stacks of a few functions, which call themselves too, with times; the same for the same seed. */
export function randomStacks(seed: number, count: number): [string[], number][] {
  let state = seed;
  const next = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  return Array.from({ length: count }, () => {
    const depth = 1 + next(6);
    return [Array.from({ length: depth }, () => `f${next(4)} file:///app/f.ts`), next(2000)];
  });
}
