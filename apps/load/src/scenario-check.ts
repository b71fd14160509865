/** Says what is wrong with a scenario. */
import { nearestName } from './nearest-name.ts';
import {
  body,
  count,
  duration,
  type Fields,
  fn,
  got,
  headerProblems,
  isObject,
  method,
  oneOf,
  path,
  profile,
  type Rule,
  rate,
  statuses,
  target,
  texts,
  thinkTime,
  users,
  weight,
} from './scenario-rules.ts';

const SCENARIO: Fields = {
  target,
  arrivals: profile,
  spacing: oneOf('poisson', 'even'),
  users,
  thinkTime,
  duration,
  timeout: duration,
  maxInFlight: count,
  headers: headerProblems,
  setup: fn,
  teardown: fn,
  user: fn,
  flows: flowProblems,
  thresholds: texts,
};

const REQUEST: Fields = { path, method, headers: headerProblems, body };
const PLAIN_FLOW: Fields = {
  weight,
  request: requestProblems,
  expect: statuses,
  connection: oneOf('keep-alive', 'new'),
  slowBytesPerS: rate,
};
const SCRIPTED_FLOW: Fields = { weight, run: fn };

/** Every problem of what a scenario file exports, one line each; none when it can be run. */
export function checkScenario(scenario: unknown): string[] {
  if (!isObject(scenario)) return [`expected a scenario, got ${got(scenario)}`];
  const problems = objectProblems(scenario, '', SCENARIO, ['target', 'flows']);
  const { arrivals, users: usersOf } = scenario;
  if (arrivals !== undefined && usersOf !== undefined) {
    problems.push('arrivals and users: one of them, for the open or the closed model, not both');
  }
  if (arrivals === undefined && usersOf === undefined) {
    problems.push('arrivals or users is missing: how much load there is to be');
  }
  return problems;
}

function flowProblems(flows: unknown, at: string): string[] {
  if (!isObject(flows)) return [`${at}: expected an object of flows by name, got ${got(flows)}`];
  const names = Object.keys(flows);
  if (names.length === 0) return [`${at}: expected one flow or more`];
  return names.flatMap((name) => {
    const place = `${at}.${name}`;
    // The sign sets flows and steps apart in the results.
    const isBad = name.trim() === '' || name.includes('›');
    const problems = isBad ? [`${place}: a name that is not empty and has no "›"`] : [];
    return [...problems, ...oneFlowProblems(flows[name], place)];
  });
}

function oneFlowProblems(flow: unknown, at: string): string[] {
  if (!isObject(flow)) return [`${at}: expected a flow, with request or run, got ${got(flow)}`];
  const isPlain = flow.request !== undefined;
  const isScripted = flow.run !== undefined;
  if (isPlain && isScripted) {
    const problems = objectProblems(flow, at, { ...PLAIN_FLOW, ...SCRIPTED_FLOW });
    return [`${at}: request or run, not both`, ...problems];
  }
  if (isPlain) return objectProblems(flow, at, PLAIN_FLOW);
  if (isScripted) return objectProblems(flow, at, SCRIPTED_FLOW);
  const problems = objectProblems(flow, at, { ...PLAIN_FLOW, ...SCRIPTED_FLOW });
  return [`${at}: request or run is missing: what the flow does`, ...problems];
}

function requestProblems(request: unknown, at: string): string[] {
  if (typeof request === 'function') return [];
  if (isObject(request)) return objectProblems(request, at, REQUEST, ['path']);
  return [`${at}: expected a request, or a function that makes one, got ${got(request)}`];
}

function objectProblems(
  object: Readonly<Record<string, unknown>>,
  at: string,
  fields: Fields,
  required: readonly string[] = [],
): string[] {
  const inside = (key: string) => (at === '' ? key : `${at}.${key}`);
  const problems = required
    .filter((key) => object[key] === undefined)
    .map((key) => `${inside(key)} is missing`);
  for (const [key, value] of Object.entries(object)) {
    if (value === undefined) continue;
    const field = Object.hasOwn(fields, key) ? fields[key] : undefined;
    if (field === undefined) problems.push(unknownKey(inside(key), key, Object.keys(fields)));
    else if (typeof field === 'function') problems.push(...field(value, inside(key)));
    else problems.push(...ruleProblems(field, value, inside(key)));
  }
  return problems;
}

function ruleProblems({ accepts, expects }: Rule, value: unknown, at: string): string[] {
  return accepts(value) ? [] : [`${at}: expected ${expects}, got ${got(value)}`];
}

function unknownKey(at: string, key: string, known: readonly string[]): string {
  const nearest = nearestName(key, known);
  const hint =
    nearest === undefined ? `known here: ${known.join(', ')}` : `did you mean ${nearest}?`;
  return `${at} is unknown; ${hint}`;
}
