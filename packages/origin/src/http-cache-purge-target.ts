// Owns who is asked to forget: an edge, through its admin API, or the store that edges share.
import { Pool } from 'undici';
import type { PurgeOrder } from './http-cache-purge-set.ts';

/** One that keeps answers. */
export interface PurgeTarget {
  /** Names it in messages and metrics. */
  readonly name: string;
  /**
   * Asks it to forget. `queued`: it is cut off from its Redis, and others hear of it when that is
   * over. Rejects when it may not have happened; with a {@link PurgeRefused} when asking again is no
   * use.
   */
  take(order: PurgeOrder, signal: AbortSignal): Promise<'taken' | 'queued'>;
  /** Releases every connection. */
  close(): Promise<void>;
}

/** What was asked for is not understood, and will not be the next time. */
export class PurgeRefused extends Error {}

/** An edge, by its admin listener. */
export interface EdgeAddress {
  /** `http(s)://host:port`, or `unix:/path` of a socket. */
  readonly url: string;
  /** The `admin.token` of the edge; its socket needs none. */
  readonly token?: string | undefined;
}

/** As much of a shared store of `@headgate/cache` as it takes. */
export interface PurgeableStore {
  readonly name: string;
  purge(
    purge:
      | { readonly kind: 'tag'; readonly tag: string }
      | { readonly kind: 'prefix'; readonly prefix: string }
      | { readonly kind: 'all' },
  ): Promise<'done' | 'queued'>;
}

const path = '/api/cache/purge';
const connectTimeoutMs = 1000;
const maxAnswerBytes = 64 * 1024;
/** The body was read and is not a purge; anything else may be mended while we try again. */
const refusals: ReadonlySet<number> = new Set([400, 413, 415, 422]);

/**
 * An edge as a target; it connects at the first purge.
 * @throws TypeError when `url` is not the address of an admin listener
 */
export function edgeTarget({ url, token }: EdgeAddress): PurgeTarget {
  const { name, base, socketPath } = readAddress(url);
  const pool = new Pool(base, {
    connections: 1,
    allowH2: false,
    maxResponseSize: maxAnswerBytes,
    connectTimeout: connectTimeoutMs,
    ...(socketPath !== undefined && { socketPath }),
    // Every attempt has a deadline of its own; undici's timers above 1 s are coarse.
    headersTimeout: 0,
    bodyTimeout: 0,
  });
  const headers = {
    'content-type': 'application/json',
    ...(token !== undefined && { authorization: `Bearer ${token}` }),
  };

  return {
    name,
    async take(order, signal) {
      const body = JSON.stringify(order);
      const answer = await pool.request({ method: 'POST', path, headers, body, signal });
      const text = await answer.body.text();
      const { statusCode } = answer;
      if (statusCode >= 200 && statusCode <= 299) return reachOf(text);
      const message = `answered ${statusCode}: ${detailOf(text)}`;
      throw refusals.has(statusCode) ? new PurgeRefused(message) : new Error(message);
    },
    close: () => pool.destroy(),
  };
}

/** A store that edges share as a target; closing it is left to who made it. */
export function storeTarget(store: PurgeableStore): PurgeTarget {
  return {
    name: store.name,
    async take(order) {
      const purges = purgesOf(order).map((purge) => store.purge(purge));
      return (await Promise.all(purges)).includes('queued') ? 'queued' : 'taken';
    },
    close: async () => {},
  };
}

function purgesOf(order: PurgeOrder): Parameters<PurgeableStore['purge']>[0][] {
  if ('tags' in order) return order.tags.map((tag) => ({ kind: 'tag', tag }));
  if ('prefix' in order) return [{ kind: 'prefix', prefix: order.prefix }];
  if ('all' in order) return [{ kind: 'all' }];
  throw new PurgeRefused('a store knows keys and not URLs; purge by tag or by prefix');
}

interface Place {
  readonly name: string;
  readonly base: string;
  readonly socketPath?: string;
}

function readAddress(text: string): Place {
  const socketPath = /^unix:(\/.+)$/.exec(text)?.[1];
  if (socketPath !== undefined) return { name: text, base: 'http://localhost', socketPath };
  if (/^https?:\/\//.test(text) && URL.canParse(text)) {
    const { origin, username, password, pathname, search } = new URL(text);
    if (username === '' && password === '' && pathname === '/' && search === '') {
      return { name: origin, base: origin };
    }
  }
  throw new TypeError(
    'the url of an edge must be that of its admin listener, http://host:port without a path or a ' +
      `user, or unix:/path of its socket, not ${JSON.stringify(text)}`,
  );
}

/** The edge has forgotten; it says `queued` when those it shares a Redis with are still to hear. */
function reachOf(text: string): 'taken' | 'queued' {
  return member(text, 'reach') === 'queued' ? 'queued' : 'taken';
}

/** What a problem says was wrong (RFC 9457 §3.1.4), or what was answered instead of one. */
function detailOf(text: string): string {
  const detail = member(text, 'detail');
  return typeof detail === 'string' ? detail : text.slice(0, 200).trim() || 'nothing more';
}

/** Undefined also when `text` is not JSON: then whoever answered is no edge. */
function member(text: string, name: string): unknown {
  try {
    const body: unknown = JSON.parse(text);
    return typeof body === 'object' && body !== null ? Reflect.get(body, name) : undefined;
  } catch {
    return undefined;
  }
}
