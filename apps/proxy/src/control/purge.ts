/** Has every process forget what an operator, or an origin, wants forgotten. */
import type { PurgeOrder, PurgeReach } from '../edge-cache/purge-order.ts';
import type { Fleet } from './fleet.ts';

/** What a purge came to; a refusal as of any other change. */
export type PurgeResult =
  | {
      readonly ok: true;
      readonly changed: readonly string[];
      /** How many processes have forgotten it. */
      readonly workers: number;
      /** Of all of them the least. */
      readonly reach: PurgeReach;
    }
  | { readonly ok: false; readonly status: number; readonly why: string };

/**
 * Asks those that leave as well, as they serve still, and those that start, as they may have begun
 * to. One that ended meanwhile has taken what it had with it.
 */
export async function purgeFleet(fleet: Fleet, order: PurgeOrder): Promise<PurgeResult> {
  const answers = await fleet.ask('purge', order, 'all');
  const serving = fleet.list().filter(({ state }) => state === 'ready' || state === 'draining');
  const failed = answers.flatMap((answer) =>
    !answer.ok && serving.some(({ id }) => id === answer.worker)
      ? [`worker ${answer.worker}: ${answer.message}`]
      : [],
  );
  if (failed.length > 0) {
    return unavailable(
      `not every worker has taken it, and may still serve it: ${failed.join('; ')}`,
    );
  }
  // A worker that takes it only when it has started says nothing of how far it came.
  const reaches = answers.flatMap((answer) =>
    answer.ok && answer.body !== undefined ? [answer.body as PurgeReach] : [],
  );
  const reach = leastOf(reaches);
  if (reach === undefined) return unavailable('no worker is there that could take it');
  const workers = reaches.length;
  const count = `${workers} ${workers === 1 ? 'worker' : 'workers'}`;
  const changed = [`${describeOrder(order)}: forgotten by ${count}${BEYOND[reach]}`];
  return { ok: true, changed, workers, reach };
}

const MAX_URL_LENGTH = 200;
const MAX_TAGS = 5;

/** A few words, however much is purged: `url http://api.example/items/5`, `tags a, b`. */
export function describeOrder(order: PurgeOrder): string {
  switch (order.kind) {
    case 'url':
      return `url ${cut(order.url)}`;
    case 'prefix':
      return `prefix ${cut(order.prefix)}`;
    case 'tags': {
      const { tags } = order;
      const told = tags.slice(0, MAX_TAGS).join(', ');
      const rest = tags.length > MAX_TAGS ? ` and ${tags.length - MAX_TAGS} more` : '';
      return `${tags.length === 1 ? 'tag' : 'tags'} ${told}${rest}`;
    }
    case 'all':
      return 'everything';
  }
}

const BEYOND: Readonly<Record<PurgeReach, string>> = {
  here: '',
  everywhere: ' and all who share the Redis',
  queued: '; who else shares the Redis is told when it is in reach again',
};

/** From near to far: what is queued has come to others the least. */
const REACHES: readonly PurgeReach[] = ['queued', 'here', 'everywhere'];

function leastOf(reaches: readonly PurgeReach[]): PurgeReach | undefined {
  return REACHES.find((reach) => reaches.includes(reach));
}

function unavailable(why: string): PurgeResult {
  return { ok: false, status: 503, why: `${why}; ask again, as purging twice does no harm` };
}

function cut(text: string): string {
  return text.length > MAX_URL_LENGTH ? `${text.slice(0, MAX_URL_LENGTH)}…` : text;
}
