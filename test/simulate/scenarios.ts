/** Every scenario there is. */
import type { Scenario } from './scenario.ts';
import { blackHoles } from './scenarios/black-hole.ts';
import { controls } from './scenarios/controls.ts';
import { equals } from './scenarios/equal.ts';
import { fleets } from './scenarios/fleet.ts';
import { gcPauseScenarios } from './scenarios/gc-pauses.ts';
import { overloads } from './scenarios/overload.ts';
import { rollingRestart } from './scenarios/rolling-restart.ts';
import { slowOrigins } from './scenarios/slow-origin.ts';
import { zones } from './scenarios/zones.ts';

/** In the order they are listed. */
export const scenarios: readonly Scenario[] = [
  ...equals,
  ...slowOrigins,
  ...blackHoles,
  ...gcPauseScenarios,
  ...overloads,
  rollingRestart,
  ...fleets,
  zones,
  ...controls,
];
