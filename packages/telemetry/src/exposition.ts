/**
 * The Prometheus text exposition format, version 0.0.4: names, escapes, numbers, lines.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */
import type { HistogramFamily, MetricFamily } from './metric-family.ts';

/** The Content-Type of what `renderFamilies` and `Registry.render` return. */
export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** May a metric be called that? */
export function isMetricName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
}

/** May a label be called that? Names starting with `__` belong to Prometheus itself. */
export function isLabelName(name: string): boolean {
  return /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

/** Families one after the other, as text of type `metricsContentType`. */
export function renderFamilies(families: readonly MetricFamily[]): string {
  let text = '';
  for (const family of families) {
    const { name, help, type } = family;
    text += `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
    text += type === 'histogram' ? renderHistogram(family) : renderNumbers(family);
  }
  return text;
}

function renderNumbers({
  name,
  labelNames,
  series,
}: Exclude<MetricFamily, HistogramFamily>): string {
  let text = '';
  for (const { labels, value } of series) {
    text += renderSample(name, renderLabels(labelNames, labels), value);
  }
  return text;
}

function renderHistogram({ name, labelNames, bounds, series }: HistogramFamily): string {
  const edges = [...bounds, Number.POSITIVE_INFINITY].map((bound) => `le="${renderNumber(bound)}"`);
  let text = '';
  for (const { labels, counts, sum } of series) {
    const own = renderLabels(labelNames, labels);
    const prefix = own && `${own},`;
    let count = 0;
    for (const [i, edge] of edges.entries()) {
      count += counts[i] ?? 0;
      text += renderSample(`${name}_bucket`, prefix + edge, count);
    }
    text += renderSample(`${name}_sum`, own, sum) + renderSample(`${name}_count`, own, count);
  }
  return text;
}

/** `a="x",b="y"`, without braces; `''` when there are no labels. */
function renderLabels(names: readonly string[], values: readonly string[]): string {
  let text = '';
  for (let i = 0; i < names.length; i++) {
    text += `${i === 0 ? '' : ','}${names[i]}="${escapeLabelValue(values[i] ?? '')}"`;
  }
  return text;
}

/** One sample line with its line feed. */
function renderSample(name: string, labels: string, value: number): string {
  return `${name}${labels && `{${labels}}`} ${renderNumber(value)}\n`;
}

/** A number as the format spells it: the infinities are `+Inf` and `-Inf`. */
function renderNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

function escapeLabelValue(value: string): string {
  if (!/[\\"\n]/.test(value)) return value;
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
