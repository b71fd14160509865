// Owns how the partner behaves, set at start and turned at run time: one dial for everything, and
// others for single routes or paths.
import { z } from 'zod';
import { type Latency, latencyForms, parseLatency } from './latency.ts';

/** Every route that can be dialled on its own. */
const routes = ['/posts', '/posts/:id', '/posts/:id/comments', '/users/:id'] as const;

/** A route that can be dialled on its own. */
export type Route = (typeof routes)[number];

const routePatterns = routes.map((route) => new RegExp(`^${route.replace(':id', '(:id|\\d+)')}$`));

/** A latency in the notation of `parseLatency`, kept as text so that it can be shown again. */
export const latencySchema = z
  .string()
  .refine((text) => parseLatency(text) !== undefined, `expected a latency such as ${latencyForms}`);

/** A share of requests, 0 to 1. */
export const rateSchema = z
  .number()
  .min(0, 'expected a share from 0 to 1')
  .max(1, 'expected a share from 0 to 1');

const ownSchema = z.strictObject({
  latency: latencySchema.optional(),
  errorRate: rateSchema.optional(),
  stallRate: rateSchema.optional(),
});

const pathsSchema = z.record(z.string(), ownSchema).superRefine((paths, context) => {
  for (const path of Object.keys(paths)) {
    if (routePatterns.some((pattern) => pattern.test(path))) continue;
    const message = `expected ${routes.join(', ')}, or one of them with a number for :id`;
    context.addIssue({ code: 'custom', path: [path], message });
  }
});

/** What `PUT /_dial` accepts: what is left out is 0, or for one path the general setting. */
export const dialSchema = z.strictObject({
  latency: latencySchema.default('0ms'),
  errorRate: rateSchema.default(0),
  stallRate: rateSchema.default(0),
  paths: pathsSchema.default({}),
});

/** The whole setting, as `GET /_dial` shows it. */
export type DialSettings = z.output<typeof dialSchema>;

/** How one request is treated. */
interface Behaviour {
  readonly latency: Latency;
  /** Share of requests answered 500 or 503. */
  readonly errorRate: number;
  /** Share of requests never answered. */
  readonly stallRate: number;
}

/** The dial of one partner process. */
export interface Dial {
  readonly settings: DialSettings;
  turn(settings: DialSettings): void;
  /** The behaviour for `path`: its own if it has one, else its route's, else the general one. */
  behaviour(path: string, route: Route): Behaviour;
}

/** A dial that stands at `initial`. */
export function createDial(initial: DialSettings): Dial {
  let settings = initial;
  let compiled = compile(initial);
  return {
    get settings() {
      return settings;
    },
    turn(next) {
      settings = next;
      compiled = compile(next);
    },
    behaviour: (path, route) =>
      compiled.paths.get(path) ?? compiled.paths.get(route) ?? compiled.general,
  };
}

function compile(general: DialSettings) {
  const behaviour = (own: z.output<typeof ownSchema>): Behaviour => ({
    latency: parseLatency(own.latency ?? general.latency) ?? (() => 0),
    errorRate: own.errorRate ?? general.errorRate,
    stallRate: own.stallRate ?? general.stallRate,
  });
  return {
    general: behaviour({}),
    paths: new Map(Object.entries(general.paths).map(([path, own]) => [path, behaviour(own)])),
  };
}
