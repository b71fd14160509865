/** A run under way, as lines of text. */
import type { LiveRun } from './live-run.ts';
import type { Paint, Style } from './paint.ts';
import { countText, durationText, rateText, shareText } from './quantity-text.ts';
import { type Recent, summarizeRecent } from './recent.ts';
import type { Slice } from './result.ts';
import { clip, widthOf } from './text-table.ts';

/** Latencies of one second alone jump about. */
const RECENT_SLICES = 5;
const MAX_BAR_WIDTH = 40;

/** One line about the seconds since the line before. */
export function progressLine({ header, state }: LiveRun, slices: readonly Slice[]): string {
  const last = slices.at(-1);
  if (last === undefined) return '';
  const recent = summarizeRecent(slices);
  const elapsedMs = last.startMs + last.durationMs;
  const parts = [
    `${secondsText(elapsedMs)} of ${secondsText(header.durationMs)}`,
    state.status === 'running' ? '' : state.status,
    loadText(recent, last, header.unit),
    latencyText(recent),
    `failed ${shareText(recent.failedShare)}`,
    `in flight ${countText(last.inFlight)}`,
    recent.dropped > 0 ? `dropped ${countText(recent.dropped)}` : '',
    recent.late > 0 ? `late ${countText(recent.late)}` : '',
    recent.hasSaturated ? 'GENERATOR SATURATED' : '',
  ];
  return parts.filter((part) => part !== '').join('  ');
}

/** Everything at a glance, in lines no wider than `columns`. */
export function progressBlock(run: LiveRun, columns: number, paint: Paint): string[] {
  const { header, state, slices } = run;
  const title = `${header.name} → ${header.target}`;
  const lines: [plain: string, style?: Style | undefined][] = [
    [title, 'bold'],
    [header.load, 'dim'],
    [barText(run, columns)],
  ];
  const last = slices.at(-1);
  if (last !== undefined) {
    const recent = summarizeRecent(slices.slice(-RECENT_SLICES));
    const saturated = slices.filter(({ generator }) => generator.isSaturated).length;
    lines.push(
      [`  load       ${loadText(recent, last, header.unit)}${scaleText(state.scale)}`],
      [`  latency    ${latencyText(recent)}`],
      [`  failed     ${failuresText(recent)}`, recent.failedShare > 0 ? 'red' : undefined],
      [`  in flight  ${countText(last.inFlight)}  connections ${countText(last.connections)}`],
      [`  unsent     dropped ${countText(recent.dropped)}  late ${countText(recent.late)}`],
      [`  generator  ${generatorText(last)}`, recent.hasSaturated ? 'red' : undefined],
    );
    if (saturated > 0) {
      const text = `  saturated in ${saturated} of ${slices.length} seconds: add workers, or lower the rate`;
      lines.push([text, 'red']);
    }
  }
  return lines.map(([plain, style]) => paint(style, clip(plain, columns)));
}

function barText({ header, state }: LiveRun, columns: number): string {
  const share = header.durationMs > 0 ? Math.min(1, state.elapsedMs / header.durationMs) : 0;
  const tail = ` ${secondsText(state.elapsedMs)} of ${secondsText(header.durationMs)}  ${state.status}`;
  const width = Math.max(0, Math.min(MAX_BAR_WIDTH, columns - widthOf(tail)));
  const filled = Math.floor(share * width);
  return `${'█'.repeat(filled)}${'░'.repeat(width - filled)}${tail}`;
}

function loadText(recent: Recent, last: Slice, unit: LiveRun['header']['unit']): string {
  const good = `${rateText(recent.goodPerS)} good`;
  if (recent.askedPerS !== null) return `${rateText(recent.askedPerS)} asked → ${good}`;
  return unit === 'users' && last.users !== null
    ? `${countText(last.users)} users → ${good}`
    : good;
}

function latencyText({ latency }: Recent): string {
  if (latency === null) return 'nothing ended';
  const { p50Ms, p99Ms, p999Ms } = latency;
  return `p50 ${durationText(p50Ms)}  p99 ${durationText(p99Ms)}  p99.9 ${durationText(p999Ms)}`;
}

function failuresText({ failedShare, failures }: Recent): string {
  const kinds = [...failures].map(([kind, count]) => `${kind} ${countText(count)}`);
  return [shareText(failedShare), ...kinds].join('  ');
}

function generatorText({ generator }: Slice): string {
  const { cpuCores, loopUtilization, loopDelayMs } = generator;
  return `${cpuCores.toFixed(2)} cores  loop ${shareText(loopUtilization)} busy, held up ${durationText(loopDelayMs)}`;
}

function scaleText(scale: number): string {
  return scale === 1 ? '' : `  (profile × ${Number(scale.toPrecision(3))})`;
}

/** Whole seconds, or minutes and seconds. */
function secondsText(durationMs: number): string {
  const seconds = Math.round(durationMs / 1_000);
  const minutes = Math.floor(seconds / 60);
  return minutes === 0 ? `${seconds}s` : `${minutes}m${`${seconds % 60}`.padStart(2, '0')}s`;
}
