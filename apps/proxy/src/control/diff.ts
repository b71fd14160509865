/** What one configuration changes of another, in the words of those who run it. */
import { upstreamAddressOf } from '../address.ts';
import {
  type ProxyConfig,
  proxySchema,
  type ServiceConfig,
  type UpstreamEntry,
} from '../config.ts';
import { SECRET } from '../config-admin.ts';
import { secretsOf } from '../config-redacted.ts';
import { diffRoutes } from './diff-routes.ts';
import { settingTexts } from './setting-texts.ts';

/** One difference. Values are as people write them: `5s`, `16KiB`. */
export type Change =
  | {
      readonly kind: 'added' | 'removed';
      /** Of the list or record it is in: `listeners`, `services.items.upstreams`. */
      readonly path: string;
      readonly name: string;
      /** What else is to be known of it. */
      readonly about?: string;
    }
  | {
      readonly kind: 'changed';
      /** Of the setting; for upstreams and routes, of their list, with their name besides. */
      readonly path: string;
      readonly name?: string;
      /** Undefined: not set. */
      readonly before: string | undefined;
      readonly after: string | undefined;
    };

/** Every difference, in the order of the schema; empty when both mean the same. */
export function diffConfigs(before: ProxyConfig, after: ProxyConfig): Change[] {
  return [
    ...diffNames('listeners', addresses(before), addresses(after)),
    ...diffServices(before.services, after.services),
    ...diffRoutes(before.routes, after.routes),
    ...diffSecrets(secretsOf(before), secretsOf(after)),
    ...diffSettings(settingsOf(before), settingsOf(after)),
  ];
}

/** One line each: `+ listeners 0.0.0.0:8080`, `~ services.items.timeouts.connect 2s → 5s`. */
export function describeChanges(changes: readonly Change[]): string[] {
  return changes.map((change) => {
    const what = change.name === undefined ? change.path : `${change.path} ${change.name}`;
    if (change.kind === 'changed') {
      return `~ ${what} ${change.before ?? 'not set'} → ${change.after ?? 'not set'}`;
    }
    const about = change.about === undefined ? '' : ` (${change.about})`;
    return `${change.kind === 'added' ? '+' : '-'} ${what}${about}`;
  });
}

function addresses({ listeners }: ProxyConfig): string[] {
  return listeners.map(({ address }) => address);
}

/** The same address may be there twice: port 0 takes any. */
function diffNames(path: string, before: readonly string[], after: readonly string[]): Change[] {
  const rest = [...before];
  const added = after.filter((name) => {
    const at = rest.indexOf(name);
    if (at >= 0) rest.splice(at, 1);
    return at < 0;
  });
  return [
    ...rest.map((name) => ({ kind: 'removed', path, name }) as const),
    ...added.map((name) => ({ kind: 'added', path, name }) as const),
  ];
}

type Services = ProxyConfig['services'];

function diffServices(before: Services, after: Services): Change[] {
  const removed = Object.entries(before).filter(([name]) => !Object.hasOwn(after, name));
  return [
    ...removed.map(([name, service]) => wholeService('removed', name, service)),
    ...Object.entries(after).flatMap(([name, service]) => {
      const old = Object.hasOwn(before, name) ? before[name] : undefined;
      return old
        ? diffUpstreams(`services.${name}.upstreams`, old.upstreams, service.upstreams)
        : [wholeService('added', name, service)];
    }),
  ];
}

function wholeService(kind: 'added' | 'removed', name: string, service: ServiceConfig): Change {
  const count = service.upstreams.length;
  const about = `${count} ${count === 1 ? 'upstream' : 'upstreams'}`;
  return { kind, path: 'services', name, about };
}

function diffUpstreams(
  path: string,
  before: readonly UpstreamEntry[],
  after: readonly UpstreamEntry[],
): Change[] {
  const old = new Map(before.map((entry) => [upstreamName(entry), entry]));
  const now = new Map(after.map((entry) => [upstreamName(entry), entry]));
  const removed = [...old.keys()].filter((name) => !now.has(name));
  return [
    ...removed.map((name) => ({ kind: 'removed', path, name }) as const),
    ...[...now].flatMap(([name, entry]): Change[] => {
      const known = old.get(name);
      return known ? diffUpstream(path, name, known, entry) : [{ kind: 'added', path, name }];
    }),
  ];
}

/** Where an entry points, without regard to how its URL is written. */
function upstreamName(entry: UpstreamEntry): string {
  if (entry.url !== undefined) return upstreamAddressOf(entry.url).key;
  if (entry.dns !== undefined) return `dns ${entry.dns}`;
  return entry.srv === undefined ? `file ${entry.file}` : `srv ${entry.srv}`;
}

function diffUpstream(
  path: string,
  upstream: string,
  before: UpstreamEntry,
  after: UpstreamEntry,
): Change[] {
  const names = ['weight', 'maxInFlight', 'zone', 'tlsName'] as const;
  return names.flatMap((setting): Change[] => {
    if (before[setting] === after[setting]) return [];
    return [
      {
        kind: 'changed',
        path,
        name: `${upstream} ${setting}`,
        before: textOf(before[setting]),
        after: textOf(after[setting]),
      },
    ];
  });
}

function textOf(value: unknown): string | undefined {
  return value === undefined ? undefined : String(value);
}

/** A secret is never shown, and one that is hidden already cannot be compared. */
function diffSecrets(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): Change[] {
  return [...before].flatMap(([path, secret]): Change[] => {
    const next = after.get(path);
    if (next === undefined || next === secret || [secret, next].includes(SECRET)) return [];
    return [{ kind: 'changed', path, before: SECRET, after: 'another' }];
  });
}

/** Every other setting by its path; services that are in one of the two only do not count. */
function diffSettings(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): Change[] {
  const serviceOf = (path: string) => /^services\.([^.]+)\./.exec(path)?.[1];
  const services = (settings: ReadonlyMap<string, string>) =>
    new Set([...settings.keys()].map(serviceOf));
  const [old, now] = [services(before), services(after)];
  return [...new Set([...after.keys(), ...before.keys()])].flatMap((path): Change[] => {
    const [from, to] = [before.get(path), after.get(path)];
    const service = serviceOf(path);
    if (from === to || !old.has(service) || !now.has(service)) return [];
    return [{ kind: 'changed', path, before: from, after: to }];
  });
}

/** All but what has a name of its own, and is compared by that. */
function settingsOf(config: ProxyConfig): Map<string, string> {
  const services = Object.entries(config.services).map(([name, service]) => [
    name,
    { ...service, upstreams: [] },
  ]);
  const rest = { ...config, listeners: [], routes: [], services: Object.fromEntries(services) };
  return settingTexts(proxySchema, rest);
}
