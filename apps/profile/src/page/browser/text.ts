import type { FrameKind } from '../../frames.ts';

/** `12.3 %`. */
export function percentText(part: number, whole: number): string {
  return `${(whole > 0 ? (100 * part) / whole : 0).toFixed(1)} %`;
}

/** `1.24 s` or `17.3 ms`. */
export function timeText(durationUs: number): string {
  return durationUs >= 1e6
    ? `${(durationUs / 1e6).toFixed(2)} s`
    : `${(durationUs / 1000).toFixed(1)} ms`;
}

/** The kinds of code, as the legend has them. */
export function kindNames(): Record<Exclude<FrameKind, 'idle'>, string> {
  return {
    app: 'the app',
    package: 'packages',
    module: 'node_modules',
    node: 'Node',
    native: 'native code',
    gc: 'garbage collection',
  };
}
