// The log of purges as it lies in Redis: a stream of entries numbered without a gap, and a hash that
// says which log it is and how far it goes. Both change in scripts only, and so together.

import type { Purge } from './purge-index.ts';
import type { Command, Reply } from './redis-connection.ts';

/** A place in a log. `epoch` names the log: 16 hexadecimal digits, new whenever one begins anew. */
export interface Stamp {
  readonly epoch: string;
  readonly position: number;
}

/** One purge, where it stands in the log, and who put it there, different for each. */
export interface LogEntry {
  readonly position: number;
  readonly by: string;
  readonly purge: Purge;
}

/** The two keys of a log. Their hash tag keeps them in one slot of a cluster. */
export interface LogKeys {
  readonly head: string;
  readonly stream: string;
}

/** The keys of the log that belongs to `prefix`. */
export function logKeys(prefix: string): LogKeys {
  return { head: `${prefix}{purges}head`, stream: `${prefix}{purges}log` };
}

/** Entries kept; Redis removes whole nodes of a hundred or so beyond it. */
const MAX_ENTRIES = 100_000;

// Positions begin at the time in microseconds: a log that replaces a lost one begins behind all that
// the lost one had, unless it took a million purges a second. They are exact up to the year 2255, but
// Lua writes only 14 digits of a number by itself.
const BEGIN = `
local function begin(epoch, after)
  local now = redis.call('TIME')
  local first = string.format('%.0f', math.max(now[1] * 1000000 + now[2], after + 1))
  redis.call('DEL', KEYS[2])
  redis.call('HSET', KEYS[1], 'epoch', epoch, 'last', first)
  redis.call('XADD', KEYS[2], first .. '-0', 'by', epoch, 'kind', 'all', 'what', '')
end
`;

// Writing the epoch back changes nothing, but only a master lets us: a follower of a replica would
// learn of purges after those who can already read what they were for.
const JOIN = `${BEGIN}
local epoch = redis.call('HGET', KEYS[1], 'epoch')
local last = tonumber(redis.call('HGET', KEYS[1], 'last') or 0)
if not epoch then
  begin(ARGV[1], 0)
else
  redis.call('HSET', KEYS[1], 'epoch', epoch)
  if epoch == ARGV[2] then
    local known = redis.call('XRANGE', KEYS[2], ARGV[3] .. '-0', ARGV[3] .. '-0')[1]
    if last < tonumber(ARGV[3]) or (known and known[2][2] ~= ARGV[4]) then
      begin(ARGV[1], math.max(last, tonumber(ARGV[3])))
    end
  end
end
return redis.call('HMGET', KEYS[1], 'epoch', 'last')
`;

const APPEND = `${BEGIN}
if redis.call('HEXISTS', KEYS[1], 'epoch') == 0 then begin(ARGV[1], 0) end
local position = string.format('%.0f', redis.call('HINCRBY', KEYS[1], 'last', 1))
redis.call('XADD', KEYS[2], 'MAXLEN', '~', ${MAX_ENTRIES}, position .. '-0',
  'by', ARGV[2], 'kind', ARGV[3], 'what', ARGV[4])
return redis.call('HMGET', KEYS[1], 'epoch', 'last')
`;

/**
 * Finds out which log there is and how far it goes; answered with {@link readHead}. Begins one where
 * there is none. Where there is the one we know, but without the last entry we know of, or with
 * another in its place, history has forked (a failover, or a restart, lost what we know): a log with
 * a new epoch replaces it, so that nobody goes on in the belief to know what has been purged.
 * @param known the last entry we know of; undefined when we know nothing
 * @param newEpoch of the log to begin, should one have to be
 */
export function joinCommand(
  { head, stream }: LogKeys,
  known: (Stamp & { readonly by: string }) | undefined,
  newEpoch: string,
): Command {
  const { epoch, position, by } = known ?? { epoch: '', position: 0, by: '' };
  return ['EVAL', JOIN, 2, head, stream, newEpoch, epoch, position, by];
}

/** Puts `purge` at the end of the log; answered with its place, for {@link readHead}. */
export function appendCommand(
  { head, stream }: LogKeys,
  purge: Purge,
  by: string,
  newEpoch: string,
): Command {
  return ['EVAL', APPEND, 2, head, stream, newEpoch, by, purge.kind, textOf(purge)];
}

/** Asks which log there is and how far it goes, changing nothing; answered with {@link readHead}. */
export function headCommand({ head }: LogKeys): Command {
  return ['HMGET', head, 'epoch', 'last'];
}

/** What `[epoch, last]` says; undefined when there is no log. */
export function readHead(reply: Reply | undefined): Stamp | undefined {
  const [epoch, last] = Array.isArray(reply) ? reply : [];
  if (epoch === null || epoch === undefined) return undefined;
  return { epoch: String(epoch), position: Number(last) };
}

/** Reads what XRANGE answers: `[[id, [field, value…]]…]`. */
export function readEntries(reply: Reply | undefined): readonly LogEntry[] {
  return (Array.isArray(reply) ? reply : []).map(([id, fields]) => {
    const [, by, , kind, , what] = fields.map(String);
    // The part of an id after the dash counts entries of one millisecond; ours is always 0.
    return { position: Number.parseInt(String(id), 10), by, purge: purgeOf(kind, what) };
  });
}

function textOf(purge: Purge): string {
  if (purge.kind === 'key') return purge.key;
  if (purge.kind === 'tag') return purge.tag;
  return purge.kind === 'prefix' ? purge.prefix : '';
}

/** What a later version may have written and we do not understand, we take for the most it can be. */
function purgeOf(kind: string, what: string): Purge {
  if (kind === 'key') return { kind, key: what };
  if (kind === 'tag') return { kind, tag: what };
  return kind === 'prefix' ? { kind, prefix: what } : { kind: 'all' };
}
