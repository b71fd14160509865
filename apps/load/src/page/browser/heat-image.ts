/// <reference lib="dom" />
/** The cells of a heat map, kept as images, so that a second more costs one column more. */
import type uPlot from 'uplot';
import { ROWS, rowFloorMs } from './latency-rows.ts';
import type { RunData } from './run-data.ts';
import { isDark } from './theme.ts';

/** Of a second; the deepest colour. */
export const FULL_SHARE = 0.2;

/** From few to many; readable without colour, since it goes from pale to deep. */
const LIGHT = ['#e3eefb', '#a9cdf3', '#5ba3e6', '#1c6fc9', '#0b3d91', '#2a0f55'];
const DARK = ['#152238', '#1b3f73', '#2170b8', '#3fb0d6', '#a6e3c4', '#fdf6b2'];

/** Of each second, how many values each row has. */
type Columns = readonly ReadonlyMap<number, number>[];

export interface HeatImages {
  draw(u: uPlot, run: RunData, columns: Columns): void;
}

/** In the colours of the theme there is now. */
export function createHeatImages(): HeatImages {
  const ramp = rampOf(isDark() ? DARK : LIGHT);
  const images = new Map<number, HeatImage>();

  return {
    draw(u, run, columns) {
      const { ctx, bbox } = u;
      const pixelsPerS = u.valToPos(1, 'x', true) - u.valToPos(0, 'x', true);
      // As many seconds to a column as share a pixel; a browser that scales would leave some out.
      const seconds = 2 ** Math.max(0, Math.ceil(Math.log2(1 / pixelsPerS)));
      const image = images.get(seconds) ?? createImage(seconds, ramp);
      images.set(seconds, image);
      image.append(columns);
      const top = u.valToPos(rowFloorMs(ROWS), 'y', true);
      const height = u.valToPos(rowFloorMs(0), 'y', true) - top;
      ctx.save();
      ctx.beginPath();
      ctx.rect(bbox.left, bbox.top, bbox.width, bbox.height);
      ctx.clip();
      ctx.imageSmoothingEnabled = false;
      for (const piece of piecesOf(run.slices.slice(0, columns.length))) {
        const left = u.valToPos(piece.fromS, 'x', true);
        const width = u.valToPos(piece.toS, 'x', true) - left;
        const from = piece.from / seconds;
        const columnsWide = (piece.to - piece.from) / seconds;
        ctx.drawImage(image.canvas(), from, 0, columnsWide, ROWS, left, top, width, height);
      }
      ctx.restore();
    },
  };
}

interface Piece {
  readonly from: number;
  readonly to: number;
  readonly fromS: number;
  readonly toS: number;
}

/** No clock cuts seconds exactly. */
const TOLERANCE_MS = 50;

/** Seconds that follow each other are drawn at once. */
function piecesOf(slices: RunData['slices']): Piece[] {
  const pieces: Piece[] = [];
  let from = 0;
  slices.forEach((slice, i) => {
    const endMs = slice.startMs + slice.durationMs;
    const next = slices[i + 1];
    const isAlike =
      next !== undefined && Math.abs(next.durationMs - slice.durationMs) < TOLERANCE_MS;
    if (isAlike && Math.abs(next.startMs - endMs) < TOLERANCE_MS) return;
    const fromS = (slices[from]?.startMs ?? 0) / 1_000;
    pieces.push({ from, to: i + 1, fromS, toS: endMs / 1_000 });
    from = i + 1;
  });
  return pieces;
}

interface HeatImage {
  canvas(): OffscreenCanvas;
  append(columns: Columns): void;
}

/** A pixel for so many seconds, and for each row, the fullest of these seconds. */
function createImage(seconds: number, ramp: readonly (readonly number[])[]): HeatImage {
  let canvas = new OffscreenCanvas(256, ROWS);
  let painted = 0;

  function append(columns: Columns): void {
    const width = Math.ceil(columns.length / seconds);
    if (width > canvas.width) {
      const wider = new OffscreenCanvas(2 ** Math.ceil(Math.log2(width)), ROWS);
      wider.getContext('2d')?.drawImage(canvas, 0, 0);
      canvas = wider;
    }
    const ctx = canvas.getContext('2d');
    // The last one may have lacked seconds that are there now.
    const first = Math.floor(painted / seconds);
    for (let x = painted === columns.length ? width : first; x < width; x++) {
      ctx?.putImageData(pixelsOf(columns.slice(x * seconds, (x + 1) * seconds), ramp), x, 0);
    }
    painted = columns.length;
  }

  return { canvas: () => canvas, append };
}

function pixelsOf(columns: Columns, ramp: readonly (readonly number[])[]): ImageData {
  const shares = new Float64Array(ROWS);
  for (const rows of columns) {
    let total = 0;
    for (const count of rows.values()) total += count;
    for (const [row, count] of rows) {
      shares[row] = Math.max(shares[row] as number, count / total);
    }
  }
  const pixels = new ImageData(1, ROWS);
  shares.forEach((share, row) => {
    if (share === 0) return;
    // The root, so that one in a thousand still shows beside the many.
    const step = Math.round(Math.sqrt(Math.min(share / FULL_SHARE, 1)) * (ramp.length - 1));
    pixels.data.set(ramp[step] as number[], (ROWS - 1 - row) * 4);
  });
  return pixels;
}

/** 64 steps between the colours, as red, green, blue, alpha. */
function rampOf(colors: readonly string[]): number[][] {
  const parts = colors.map((color) =>
    [1, 3, 5].map((at) => Number.parseInt(color.slice(at, at + 2), 16)),
  );
  return Array.from({ length: 64 }, (_, i) => {
    const place = (i / 63) * (parts.length - 1);
    const low = Math.min(Math.floor(place), parts.length - 2);
    const [from, to] = [parts[low] as number[], parts[low + 1] as number[]];
    const mixed = from.map((value, c) =>
      Math.round(value + ((to[c] as number) - value) * (place - low)),
    );
    return [...mixed, 255];
  });
}
