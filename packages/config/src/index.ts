// Loads, validates and explains configs; the settings themselves belong to the apps.

export { duration, formatDuration, parseDuration } from './duration.ts';
export { type Loaded, type LoadOptions, loadConfig } from './load.ts';
export { nearest } from './nearest.ts';
export { formatProblems, type Problem } from './problem.ts';
export { type SettingMeta, setting } from './setting.ts';
export { formatSize, parseSize, size } from './size.ts';
export {
  type EffectiveValue,
  effectiveValues,
  formatValue,
  formatValues,
  type Source,
} from './values.ts';
