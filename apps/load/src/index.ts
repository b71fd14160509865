/**
 * What scenario files import, words to describe load, and what readers of its results need.
 * Nothing that runs it.
 */
export { Histogram, readCounts, writeCounts } from './histogram.ts';
export {
  constant,
  type LineProfile,
  type LoadProfile,
  ramp,
  sequence,
  sine,
  spike,
  trace,
} from './profile.ts';
export { createRandom } from './random.ts';
export type { RunResult, Slice } from './result.ts';
export {
  defineScenario,
  type EventsUser,
  type Flow,
  type FlowContext,
  type Http,
  type HttpAnswer,
  type HttpOptions,
  type PlainFlow,
  type PlainRequest,
  type Random,
  type Scenario,
  type ScriptedFlow,
  type ServerEvent,
  type SetupContext,
  type StatusExpectation,
  type StreamOptions,
  type WebSocketUser,
} from './scenario.ts';
