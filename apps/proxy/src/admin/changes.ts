/** The changes the admin listener takes: from a path and a JSON body to a call of `Control`. */
import {
  type Actor,
  type ChangeResult,
  type Control,
  MAX_WORKERS,
} from '../control/control-api.ts';
import { MAX_WEIGHT, type OperatorChange } from '../control/operator.ts';
import { type Answer, json, problem } from './answer.ts';
import { parsePurge } from './purge-body.ts';

type Fields = Readonly<Record<string, unknown>>;

/** A change that has a place in the API; its body is yet to be read. */
export interface ChangeRoute {
  /** For the audit: what it is and what it is for. */
  readonly target: string;
  apply(control: Control, body: Fields, by: Actor): Promise<Answer>;
}

/** The change `path` stands for; undefined when it stands for none. */
export function changeAt(path: string): ChangeRoute | undefined {
  switch (path) {
    case '/api/reload':
      return wholeEdge(path, (control, by) => control.reload(by));
    case '/api/restart':
      return wholeEdge(path, (control, by) => control.restart(by));
    case '/api/scale':
      return { target: path, apply: scale };
    case '/api/cache/purge':
      return { target: path, apply: purge };
    default:
      return upstreamChange(path);
  }
}

function wholeEdge(
  path: string,
  act: (control: Control, by: Actor) => Promise<ChangeResult>,
): ChangeRoute {
  return {
    target: path,
    async apply(control, body, by) {
      const [unknown] = Object.keys(body);
      if (unknown !== undefined) return invalid(unknown, `${path} takes no "${unknown}"`);
      return answerOf(await act(control, by));
    },
  };
}

async function scale(control: Control, body: Fields, by: Actor): Promise<Answer> {
  const unknown = Object.keys(body).find((name) => name !== 'workers');
  if (unknown !== undefined) return invalid(unknown, `expected "workers" only, got "${unknown}"`);
  const { workers } = body;
  const isCount = Number.isInteger(workers) && isBetween(workers, 1, MAX_WORKERS);
  if (!isCount) {
    return invalid('workers', `expected a whole number from 1 to ${MAX_WORKERS}, ${got(workers)}`);
  }
  return answerOf(await control.scale(Number(workers), by));
}

async function purge(control: Control, body: Fields, by: Actor): Promise<Answer> {
  const parsed = parsePurge(body);
  if (!parsed.ok) return invalid(parsed.field, parsed.detail);
  const result = await control.purge(parsed.order, by);
  if (!result.ok) return answerOf(result);
  const { changed, workers, reach } = result;
  return json(200, { changed, workers, reach });
}

function upstreamChange(path: string): ChangeRoute | undefined {
  const match = /^\/api\/services\/([^/]+)\/upstreams\/([^/]+)$/.exec(path);
  const service = decode(match?.[1]);
  const upstream = decode(match?.[2]);
  if (service === undefined || upstream === undefined) return undefined;
  return {
    target: `${service} ${upstream}`,
    async apply(control, body, by) {
      const change = parseChange(service, upstream, body);
      return 'action' in change ? answerOf(await control.operate(change, by)) : change;
    },
  };
}

function parseChange(service: string, upstream: string, body: Fields): OperatorChange | Answer {
  const { action, weight, ...others } = body;
  const [unknown] = Object.keys(others);
  if (unknown !== undefined) {
    return invalid(unknown, `expected "action" and perhaps "weight", got "${unknown}"`);
  }
  if (action === 'weight') {
    if (weight === undefined || weight === null) {
      return { service, upstream, action, weight: undefined };
    }
    if (!isBetween(weight, 0, MAX_WEIGHT) || weight === 0) {
      return invalid(
        'weight',
        `expected a number above 0 and up to ${MAX_WEIGHT}, or null for the configured weight, ${got(weight)}`,
      );
    }
    return { service, upstream, action, weight };
  }
  if (action !== 'drain' && action !== 'enable' && action !== 'disable') {
    const expected = 'expected "drain", "enable", "disable" or "weight"';
    return invalid('action', `${expected}, ${got(action)}`);
  }
  if (weight !== undefined) return invalid('weight', `${action} takes no weight`);
  return { service, upstream, action };
}

function isBetween(value: unknown, least: number, most: number): value is number {
  return typeof value === 'number' && value >= least && value <= most;
}

function got(value: unknown): string {
  return `got ${value === undefined ? 'nothing' : JSON.stringify(value)}`;
}

function invalid(field: string | undefined, detail: string): Answer {
  const where = field === undefined ? {} : { field };
  return problem({ status: 400, title: 'Invalid change', detail, ...where });
}

function answerOf(result: ChangeResult): Answer {
  if (result.ok) return json(200, { changed: result.changed });
  const { status } = result;
  const detail = result.why.trim();
  const title = status < 500 ? 'Change refused' : 'Change failed';
  return problem({ status, title, detail });
}

function decode(text: string | undefined): string | undefined {
  try {
    return text === undefined ? undefined : decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
