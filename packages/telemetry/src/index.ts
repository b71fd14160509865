/** Numbers and lines out: metrics, logs, trace context and request ids. */
export { type AccessLog, type AccessLogOptions, createAccessLog } from './access-log.ts';
export type { Counter, CounterOptions, CounterSeries } from './counter.ts';
export { metricsContentType, renderFamilies } from './exposition.ts';
export type { Family, MetricOptions } from './family.ts';
export type { Gauge, GaugeOptions, GaugeSeries } from './gauge.ts';
export {
  type Histogram,
  type HistogramOptions,
  type HistogramSeries,
  latencyBucketsSeconds,
} from './histogram.ts';
export type { LogDestination } from './log-file.ts';
export { createLogger, type Logger, type LoggerOptions, type LogLevel } from './logger.ts';
export { MergedMetrics } from './merge.ts';
export type {
  CounterFamily,
  GaugeFamily,
  HistogramFamily,
  MergeRule,
  MetricFamily,
} from './metric-family.ts';
export { registerProcessMetrics } from './process-metrics.ts';
export type { RandomBytes } from './random-bytes.ts';
export { createRandomHex, type RandomHex } from './random-hex.ts';
export { createRegistry, type Registry } from './registry.ts';
export { createRequestIds, isValidRequestId, type RequestIds } from './request-id.ts';
export {
  childTrace,
  formatTraceparent,
  newTrace,
  parseTraceparent,
  type TraceContext,
} from './trace-context.ts';
