/**
 * The Prometheus text exposition format, version 0.0.4: names, escapes, numbers, lines.
 * https://prometheus.io/docs/instrumenting/exposition_formats/
 */

/** The Content-Type of what `Registry.render` returns. */
export const metricsContentType = 'text/plain; version=0.0.4; charset=utf-8';

/** May a metric be called that? */
export function isMetricName(name: string): boolean {
  return /^[a-zA-Z_:][a-zA-Z0-9_:]*$/.test(name);
}

/** May a label be called that? Names starting with `__` belong to Prometheus itself. */
export function isLabelName(name: string): boolean {
  return /^(?!__)[a-zA-Z_][a-zA-Z0-9_]*$/.test(name);
}

/** `a="x",b="y"`, without braces; `''` when there are no labels. */
export function renderLabels(names: readonly string[], values: readonly string[]): string {
  return names.map((name, i) => `${name}="${escapeLabelValue(values[i] ?? '')}"`).join(',');
}

/** One sample line with its line feed. */
export function renderSample(name: string, labels: string, value: number): string {
  return `${name}${labels && `{${labels}}`} ${renderNumber(value)}\n`;
}

/** The HELP and TYPE lines of a family. */
export function renderHeader(name: string, help: string, type: string): string {
  return `# HELP ${name} ${escapeHelp(help)}\n# TYPE ${name} ${type}\n`;
}

/** A number as the format spells it: the infinities are `+Inf` and `-Inf`. */
export function renderNumber(value: number): string {
  if (value === Number.POSITIVE_INFINITY) return '+Inf';
  if (value === Number.NEGATIVE_INFINITY) return '-Inf';
  return String(value);
}

function escapeLabelValue(value: string): string {
  return value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');
}

function escapeHelp(help: string): string {
  return help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
}
