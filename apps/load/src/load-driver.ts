/** What begins flows: one driver for each load model. */

/** All times are milliseconds since the start of the run. */
export interface LoadDriver {
  /** Users at work; 0 in the open model. */
  readonly users: number;
  start(): void;
  /** From a time on, the load is multiplied by this. */
  scaleFrom(fromMs: number, scale: number): void;
  /** Begins nothing any more. */
  stop(): void;
}
