/** Styles of a terminal, or none where colour is not wanted. */

const STYLES = { bold: 1, dim: 2, red: 31, green: 32 } as const;

export type Style = keyof typeof STYLES;

/** Undefined leaves the text as it is. */
export type Paint = (style: Style | undefined, text: string) => string;

export function createPaint(isColoured: boolean): Paint {
  return (style, text) =>
    style === undefined || !isColoured ? text : `\x1b[${STYLES[style]}m${text}\x1b[0m`;
}
