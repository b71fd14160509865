/** Functions of profiles: what they are called, where they are, and whose code they are. */
import { relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CallFrame } from './cpu-profile.ts';

/**
 * Whose code a function is. `app`: of the folder itself; `package`: of its `packages` folder;
 * `native`: of V8 or an addon; `gc` and `idle`: what V8 says of itself.
 */
export type FrameKind = 'app' | 'package' | 'module' | 'node' | 'native' | 'gc' | 'idle';

export interface Frame {
  readonly name: string;
  /** The file, shortened: below the folder, or of which module. Empty for native code. */
  readonly file: string;
  /** From 1; 0 where there is none. */
  readonly line: number;
  readonly kind: FrameKind;
}

/** Numbers the functions of several profiles, so that one function has one number in all. */
export class FrameTable {
  readonly frames: Frame[] = [];
  readonly #folder: string;
  readonly #indexes = new Map<string, number>();

  /** Files are named relative to `folder`, an absolute path. */
  constructor(folder: string) {
    this.#folder = folder;
  }

  indexOf(callFrame: CallFrame): number {
    const { functionName, url, lineNumber, columnNumber } = callFrame;
    const key = `${functionName}\n${url}\n${lineNumber}:${columnNumber}`;
    let index = this.#indexes.get(key);
    if (index === undefined) {
      index = this.frames.push(describeFrame(callFrame, this.#folder)) - 1;
      this.#indexes.set(key, index);
    }
    return index;
  }
}

/** `apps/items/src/app.ts:12`, `node:net:300`, or nothing for native code. */
export function placeOf({ file, line }: Frame): string {
  return line > 0 ? `${file}:${line}` : file;
}

function describeFrame({ functionName, url, lineNumber }: CallFrame, folder: string): Frame {
  const name = functionName === '' ? '(anonymous)' : functionName;
  const line = Math.max(0, lineNumber + 1);
  if (url === '') return { name, file: '', line: 0, kind: builtInKind(name) };
  if (url.startsWith('node:')) return { name, file: url, line, kind: 'node' };
  const path = pathOf(url);
  if (path === undefined) return { name, file: url, line, kind: 'native' };
  const module = path.split('/node_modules/').at(-1);
  if (module !== undefined && module !== path) return { name, file: module, line, kind: 'module' };
  const below = relative(folder, path);
  // Outside of the folder the whole path says more than a row of dots.
  const file = below.startsWith('..') ? path : below;
  return { name, file, line, kind: file.startsWith('packages/') ? 'package' : 'app' };
}

function builtInKind(name: string): FrameKind {
  if (name === '(garbage collector)') return 'gc';
  return name === '(idle)' ? 'idle' : 'native';
}

/** CommonJS has paths, modules have URLs, and WebAssembly has neither. */
function pathOf(url: string): string | undefined {
  if (url.startsWith('/')) return url;
  try {
    return url.startsWith('file:') ? fileURLToPath(url) : undefined;
  } catch {
    return undefined;
  }
}
