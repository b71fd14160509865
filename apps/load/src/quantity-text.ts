/** Quantities as people read them, in three significant digits. */

/** What was not measured. */
const NOTHING = '–';

/** `812 µs`, `18.3 ms`, `1.20 s`. */
export function durationText(durationMs: number): string {
  if (!Number.isFinite(durationMs)) return NOTHING;
  // Where rounding would give 1000 of one unit, the next one is meant.
  if (durationMs < 0.999_5) return `${threeDigits(durationMs * 1_000)} µs`;
  if (durationMs < 999.5) return `${threeDigits(durationMs)} ms`;
  return `${threeDigits(durationMs / 1_000)} s`;
}

/** A share from 0 to 1 as `0 %`, `0.0213 %`, `12.5 %`; rounded to 0 or 100 only when it is that. */
export function shareText(share: number): string {
  if (!Number.isFinite(share)) return NOTHING;
  const percent = share * 100;
  if (percent > 0 && percent < 0.001) return '<0.001 %';
  if (percent > 99.9 && percent < 100) return '>99.9 %';
  return `${Number(percent.toPrecision(3))} %`;
}

/** `60,000`; fractions are rounded. */
export function countText(count: number): string {
  return Number.isFinite(count) ? Math.round(count).toLocaleString('en-US') : NOTHING;
}

/** `1,998/s`, `0.25/s`. */
export function rateText(perS: number): string {
  if (!Number.isFinite(perS)) return NOTHING;
  return `${perS >= 100 ? countText(perS) : Number(perS.toPrecision(3))}/s`;
}

function threeDigits(value: number): string {
  if (value === 0) return '0';
  return value.toFixed(value < 9.995 ? 2 : value < 99.95 ? 1 : 0);
}
