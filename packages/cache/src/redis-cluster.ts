// A Redis Cluster: which server holds a slot, learnt from the servers themselves and corrected when
// one says MOVED. Each server has its own connection and its own circuit, so one that is down cuts
// off its slots and nothing else.

import type { Command, RedisConnection, Reply } from './redis-connection.ts';
import type { RedisLink } from './redis-link.ts';
import { createRedisNode, type RedisNode, type RedisNodeOptions } from './redis-node.ts';
import { type ClusterPlace, parseAddress, type RedisAddress } from './redis-place.ts';
import { SLOTS, slotOf } from './redis-slot.ts';

/** Settings of {@link createClusterLink}. */
export interface ClusterLinkOptions extends Pick<RedisNodeOptions, 'now' | 'random'> {
  readonly place: ClusterPlace;
  readonly open: (address: RedisAddress, signal?: AbortSignal) => Promise<RedisConnection>;
}

/** One hop more than a slot that moves on while it is asked for can need. */
const MAX_REDIRECTS = 5;
/** A server that is down is noticed by every call to it; asking the others once a second is enough. */
const RELOAD_PAUSE_MS = 1_000;

/**
 * Makes the way into a cluster. The map of slots is loaded at the first call, and again, at most once
 * a second, when a server fails, is left alone, or says that a slot has moved. While a slot is being
 * moved (ASK) its new server is asked for the keys the old one no longer has.
 */
export function createClusterLink({ place, open, ...clock }: ClusterLinkOptions): RedisLink {
  const seeds = place.nodes.map(parseAddress);
  const access = {
    ...seeds[0],
    ...(place.password !== undefined && { password: place.password }),
    isTls: seeds.some(({ isTls }) => isTls),
  };
  const nodes = new Map<string, RedisNode>();
  const listeners: { readonly slot: number; readonly listener: () => void }[] = [];
  let owners: (string | undefined)[] | undefined;
  let loading: Promise<void> | undefined;
  let mayReloadAtMs = Number.NEGATIVE_INFINITY;
  let lastError: Error | undefined;
  let isClosed = false;

  const addressOf = (at: string): RedisAddress => ({ ...access, ...splitHostPort(at) });

  function nodeAt(at: string): RedisNode {
    let node = nodes.get(at);
    if (node === undefined) {
      node = createRedisNode({
        ...clock,
        open: () => open(addressOf(at)),
        onLost: () => {
          for (const { slot, listener } of listeners) if (owners?.[slot] === at) listener();
        },
      });
      nodes.set(at, node);
    }
    return node;
  }

  /** Asks one server after another until one tells; when none does, what was known stays. */
  async function load(): Promise<void> {
    let failure: Error | undefined;
    for (const at of new Set([...(owners ?? []), ...seeds.map(hostPort)])) {
      if (at === undefined || isClosed) continue;
      try {
        const [slots] = (await nodeAt(at).send([['CLUSTER', 'SLOTS']])) ?? [];
        if (!Array.isArray(slots) || slots.length === 0) continue;
        owners = readOwners(slots, at);
        closeOthers(new Set([...owners, ...seeds.map(hostPort)]));
        return;
      } catch (error) {
        failure = error instanceof Error ? error : new Error(String(error));
        lastError = failure;
      }
    }
    if (owners === undefined && failure !== undefined) throw failure;
  }

  function closeOthers(wanted: ReadonlySet<string | undefined>) {
    for (const [at, node] of nodes) {
      if (wanted.has(at)) continue;
      nodes.delete(at);
      void node.close();
    }
  }

  function loadOnce(): Promise<void> {
    loading ??= load().finally(() => {
      loading = undefined;
    });
    return loading;
  }

  function reload() {
    if (isClosed || clock.now() < mayReloadAtMs) return;
    mayReloadAtMs = clock.now() + RELOAD_PAUSE_MS;
    loadOnce().catch(() => {});
  }

  async function send(key: string, commands: readonly Command[]) {
    if (isClosed) return undefined;
    if (owners === undefined) await loadOnce();
    if (owners === undefined) return undefined;
    const slot = slotOf(key);
    let at = owners[slot];
    let isAsking = false;
    for (let redirects = 0; at !== undefined; redirects++) {
      try {
        const replies = await nodeAt(at).send(isAsking ? asking(commands) : commands);
        if (replies === undefined) reload();
        return isAsking ? replies?.filter((_, index) => index % 2 === 1) : replies;
      } catch (error) {
        const redirect = redirects < MAX_REDIRECTS ? redirectOf(error, at) : undefined;
        if (redirect?.kind !== 'ask') reload();
        if (redirect === undefined) {
          lastError = error instanceof Error ? error : new Error(String(error));
          throw error;
        }
        at = redirect.at;
        isAsking = redirect.kind === 'ask';
        if (!isAsking) owners[slot] = at;
      }
    }
    reload();
    throw new Error(`no server of the cluster holds slot ${slot}, to which "${key}" belongs`);
  }

  return {
    send,
    async open(key, signal) {
      await loadOnce();
      const at = owners?.[slotOf(key)];
      if (at === undefined) {
        throw new Error(`no server of the cluster is in reach that holds "${key}"`, {
          cause: lastError,
        });
      }
      return open(addressOf(at), signal);
    },
    onLost: (key, listener) => void listeners.push({ slot: slotOf(key), listener }),
    circuit: {
      get isOpen() {
        return [...nodes.values()].some(({ circuit }) => circuit.isOpen);
      },
      get lastError() {
        const left = [...nodes.values()].find(({ circuit }) => circuit.isOpen);
        return left?.circuit.lastError ?? lastError;
      },
    },
    async close() {
      isClosed = true;
      await Promise.all([loading?.catch(() => {}), ...[...nodes.values()].map((n) => n.close())]);
    },
  };
}

/** Redis forgets ASKING after one command. */
function asking(commands: readonly Command[]): readonly Command[] {
  return commands.flatMap((command): Command[] => [['ASKING'], command]);
}

/** `MOVED 3999 10.0.0.1:6381`, for good, or `ASK …`, for this once. Without a host: the same one. */
function redirectOf(error: unknown, from: string) {
  const [, kind, at] =
    (error instanceof Error && /^(MOVED|ASK) \d+ (\S+)$/.exec(error.message)) || [];
  if (kind === undefined || at === undefined) return undefined;
  return {
    kind: kind === 'ASK' ? ('ask' as const) : ('moved' as const),
    at: at.startsWith(':') ? splitHostPort(from).host + at : at,
  };
}

/** Reads CLUSTER SLOTS: `[[first, last, [host, port, …], replica…]…]`. No host: the one asked. */
function readOwners(slots: readonly Reply[], asked: string): (string | undefined)[] {
  const owners = new Array<string | undefined>(SLOTS).fill(undefined);
  for (const range of slots) {
    if (!Array.isArray(range) || !Array.isArray(range[2])) continue;
    const [first, last, [host, port]] = range;
    const name = host === null || String(host) === '' ? splitHostPort(asked).host : String(host);
    owners.fill(`${name}:${port}`, Number(first), Number(last) + 1);
  }
  return owners;
}

const hostPort = ({ host, port }: RedisAddress) => `${host}:${port}`;

/** IPv6 addresses have colons too; the port follows the last. */
function splitHostPort(at: string) {
  const colon = at.lastIndexOf(':');
  return { host: at.slice(0, colon), port: Number(at.slice(colon + 1)) };
}
