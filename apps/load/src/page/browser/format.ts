/** Writes numbers for people: few digits, a unit, and the same width for the same size. */

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const precise = new Intl.NumberFormat('en-US', { maximumSignificantDigits: 3 });
const padded = new Intl.NumberFormat('en-US', {
  minimumSignificantDigits: 3,
  maximumSignificantDigits: 3,
});

export const NOTHING = '–';

/** Milliseconds as `87.0 µs`, `3.42 ms`, `2.34 s` or `3 min 5 s`. */
export function formatMs(ms: number | null): string {
  return writeMs(ms, padded);
}

/** As `formatMs`, without zeros at the end. */
export function formatMsTick(ms: number): string {
  return writeMs(ms, precise);
}

/** 1 as `100 %`; may be more. */
export function formatPercent(share: number | null): string {
  return share === null ? NOTHING : `${formatNumber(share * 100)} %`;
}

function writeMs(ms: number | null, digits: Intl.NumberFormat): string {
  if (ms === null || !Number.isFinite(ms)) return NOTHING;
  if (ms === 0) return '0 ms';
  if (ms < 0.0995) return `${digits.format(ms * 1_000)} µs`;
  if (ms < 999.5) return `${digits.format(ms)} ms`;
  if (ms < 59_950) return `${digits.format(ms / 1_000)} s`;
  const seconds = Math.round(ms / 1_000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}

/** A number: whole from 100 up, three digits below. */
export function formatNumber(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NOTHING;
  return Math.abs(value) >= 99.95 ? whole.format(value) : precise.format(value);
}

/** A number in little room: `12.3k`, `4.56M`. */
export function formatCompact(value: number | null): string {
  if (value === null || !Number.isFinite(value)) return NOTHING;
  const size = Math.abs(value);
  if (size >= 999.5e6) return `${precise.format(value / 1e9)}G`;
  if (size >= 999.5e3) return `${precise.format(value / 1e6)}M`;
  if (size >= 9_999.5) return `${precise.format(value / 1e3)}k`;
  return formatNumber(value);
}

/** A share of 1 as a percentage; what is not 0 is never written as 0. */
export function formatShare(share: number | null): string {
  if (share === null || !Number.isFinite(share)) return NOTHING;
  if (share > 0 && share < 0.0001) return '< 0.01 %';
  return `${precise.format(share * 100)} %`;
}

export function formatBytes(bytes: number | null): string {
  if (bytes === null || !Number.isFinite(bytes)) return NOTHING;
  const units = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  let value = bytes;
  let unit = 0;
  while (Math.abs(value) >= 999.5 && unit < units.length - 1) {
    value /= 1_024;
    unit++;
  }
  return `${precise.format(value)} ${units[unit]}`;
}

/** Seconds since the start as `1:05` or `1:00:05`. */
export function formatClock(seconds: number): string {
  const all = Math.max(0, Math.floor(seconds + 1e-6));
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(all / 60) % 60;
  const hours = Math.floor(all / 3_600);
  return hours > 0 ? `${hours}:${two(minutes)}:${two(all % 60)}` : `${minutes}:${two(all % 60)}`;
}
