/**
 * What operators have changed by hand: upstreams that drain or are disabled, and weights. Plain data
 * that outlives reloads, laid over the configuration each time a new one takes effect.
 */
import { nearest } from '@headgate/config';
import { parseUpstreamUrl, upstreamAddressOf } from '../address.ts';

/** Which upstream of which service: the service's name, and the upstream's URL or key. */
interface Target {
  readonly service: string;
  readonly upstream: string;
}

/** One thing an operator may do to one upstream. */
export type OperatorChange =
  | (Target & { readonly action: 'drain' | 'enable' | 'disable' })
  /** Without a weight it goes back to the configured one. */
  | (Target & { readonly action: 'weight'; readonly weight: number | undefined });

type UpstreamState = 'draining' | 'disabled';

/** What differs from the configuration at one upstream; `upstream` is its key. */
interface OperatorEntry extends Target {
  readonly state?: UpstreamState;
  readonly weight?: number;
}

/** At most one entry for each upstream, in the order of the first change. */
export type OperatorState = readonly OperatorEntry[];

/** An entry, and whether the service has such an upstream at the moment. */
export interface ListedOperatorEntry extends OperatorEntry {
  readonly isPresent: boolean;
}

/** Service → the keys of its upstreams, discovered ones included. */
export type KnownUpstreams = ReadonlyMap<string, readonly string[]>;

export type OperateResult =
  | {
      readonly ok: true;
      readonly state: OperatorState;
      /** What is different now, in words; empty when it was so already. */
      readonly changed: readonly string[];
    }
  | { readonly ok: false; readonly status: 400 | 404; readonly why: string };

/** The largest weight, as in the configuration. */
export const MAX_WEIGHT = 1_000;

/** Applies one change. An upstream that has gone may still be enabled, to be forgotten. */
export function operate(
  state: OperatorState,
  change: OperatorChange,
  known: KnownUpstreams,
): OperateResult {
  const keys = known.get(change.service);
  const entries = state.filter(({ service }) => service === change.service);
  if (!keys && entries.length === 0) return unknownService(change.service, [...known.keys()]);
  const parsed = parseUpstreamUrl(change.upstream);
  const upstream = parsed.ok ? parsed.address.key : change.upstream;
  const candidates = [...new Set([...(keys ?? []), ...entries.map((entry) => entry.upstream)])];
  if (!candidates.includes(upstream)) return unknownUpstream(change.service, upstream, candidates);
  if (change.action === 'weight' && !isWeight(change.weight)) {
    return refused(400, `expected a weight above 0 and up to ${MAX_WEIGHT}, got ${change.weight}`);
  }

  const before = entries.find((entry) => entry.upstream === upstream);
  const after = changedEntry({ service: change.service, upstream }, before, change);
  const changed = describeChange(upstream, before, after);
  if (changed.length === 0) return { ok: true, state, changed };
  const isEmpty = after.state === undefined && after.weight === undefined;
  const next = before
    ? state.flatMap((entry) => (entry === before ? (isEmpty ? [] : [after]) : [entry]))
    : [...state, after];
  if (after.state && keys && !keys.some((key) => isOpen(next, change.service, key))) {
    changed.push(`${change.service} has no upstream left that takes requests`);
  }
  return { ok: true, state: next, changed };
}

/** Every entry, and whether its upstream is there. */
export function listEntries(state: OperatorState, known: KnownUpstreams): ListedOperatorEntry[] {
  return state.map((entry) => ({
    ...entry,
    isPresent: known.get(entry.service)?.includes(entry.upstream) ?? false,
  }));
}

/** As much of an upstream as operators change. */
interface OperatedUpstream {
  readonly url: string;
  readonly weight: number;
  readonly state?: UpstreamState | undefined;
}

/** The services with what operators have said laid over; services without any are the same objects. */
export function applyOperatorState<
  U extends OperatedUpstream,
  S extends { readonly upstreams: readonly U[] },
>(services: Readonly<Record<string, S>>, state: OperatorState): Record<string, S> {
  const operated = Object.entries(services).map(([name, service]): [string, S] => {
    const entries = state.filter((entry) => entry.service === name);
    if (entries.length === 0) return [name, service];
    const upstreams = service.upstreams.map((upstream) => {
      const { key } = upstreamAddressOf(upstream.url);
      const entry = entries.find((each) => each.upstream === key);
      if (!entry) return upstream;
      return {
        ...upstream,
        ...(entry.weight !== undefined && { weight: entry.weight }),
        ...(entry.state !== undefined && { state: entry.state }),
      };
    });
    return [name, { ...service, upstreams }];
  });
  return Object.fromEntries(operated);
}

function isWeight(weight: number | undefined): boolean {
  return weight === undefined || (weight > 0 && weight <= MAX_WEIGHT);
}

function changedEntry(
  target: Target,
  before: OperatorEntry | undefined,
  change: OperatorChange,
): OperatorEntry {
  const state = change.action === 'weight' ? before?.state : STATE_AFTER[change.action];
  const weight = change.action === 'weight' ? change.weight : before?.weight;
  return {
    ...target,
    ...(state !== undefined && { state }),
    ...(weight !== undefined && { weight }),
  };
}

const STATE_AFTER: Readonly<Record<'drain' | 'enable' | 'disable', UpstreamState | undefined>> = {
  drain: 'draining',
  disable: 'disabled',
  enable: undefined,
};

function describeChange(
  upstream: string,
  before: OperatorEntry | undefined,
  after: OperatorEntry,
): string[] {
  const changed: string[] = [];
  if (before?.state !== after.state) changed.push(`${upstream} is ${after.state ?? 'enabled'}`);
  if (before?.weight !== after.weight) {
    changed.push(
      after.weight === undefined
        ? `${upstream} has its configured weight again`
        : `${upstream} has weight ${after.weight}`,
    );
  }
  return changed;
}

function isOpen(state: OperatorState, service: string, upstream: string): boolean {
  return !state.some(
    (entry) => entry.service === service && entry.upstream === upstream && entry.state,
  );
}

function unknownService(service: string, names: readonly string[]): OperateResult {
  return refused(404, `there is no service "${service}"; ${suggestion(service, names)}`);
}

function unknownUpstream(
  service: string,
  upstream: string,
  candidates: readonly string[],
): OperateResult {
  return refused(
    404,
    `${service} has no upstream "${upstream}"; ${suggestion(upstream, candidates)}`,
  );
}

/** What was probably meant, else all there is, so far as it can be read. */
function suggestion(word: string, names: readonly string[]): string {
  const likely = nearest(word, names);
  if (likely !== undefined) return `did you mean "${likely}"?`;
  if (names.length === 0) return 'there are none';
  return `there is ${names.slice(0, 10).join(', ')}${names.length > 10 ? ', …' : ''}`;
}

function refused(status: 400 | 404, why: string): OperateResult {
  return { ok: false, status, why };
}
