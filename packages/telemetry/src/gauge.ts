/** Gauges: numbers that go up and down. */
import { renderSample } from './exposition.ts';
import {
  createFamily,
  type Family,
  type MetricOptions,
  type Renderable,
  type RenderableFamily,
} from './family.ts';

/** A gauge family; `labels()` is the series of one without labels. */
export type Gauge = Family<GaugeSeries>;

/** One number that goes up and down; 0 until it is set. */
export interface GaugeSeries {
  set(value: number): void;
  /** Adds `by`, by default 1. */
  inc(by?: number): void;
  /** Subtracts `by`, by default 1. */
  dec(by?: number): void;
}

/** What a gauge is registered with. */
export interface GaugeOptions extends MetricOptions {
  /** Called before each render, to read the number where it lives instead of mirroring it. */
  readonly collect?: (gauge: Gauge) => void;
}

/** A gauge family the registry can render. */
export function createGauge(options: GaugeOptions): RenderableFamily<GaugeSeries> {
  return createFamily<GaugeSeries & Renderable>('gauge', options, () => {
    let value = 0;
    return {
      set(next) {
        value = next;
      },
      inc(by = 1) {
        value += by;
      },
      dec(by = 1) {
        value -= by;
      },
      render: (name, labels) => renderSample(name, labels, value),
    };
  });
}
