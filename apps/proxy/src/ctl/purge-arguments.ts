/** The options of `headgate ctl purge`: what to forget, said in exactly one way. */
import type { PurgeOrder } from '../edge-cache/purge-order.ts';

/** As they stand on the command line. */
export interface PurgeOptions {
  readonly url?: string | undefined;
  readonly prefix?: string | undefined;
  readonly tag?: readonly string[] | undefined;
  readonly all?: boolean | undefined;
}

const NAMES = ['url', 'prefix', 'tag', 'all'] as const;

const EXPECTED = 'ctl purge takes one of --url URL, --prefix URL, --tag TAG (repeatable), --all';

export type ParsedPurgeOptions =
  | { readonly ok: true; readonly order: PurgeOrder }
  | { readonly ok: false; readonly problem: string };

/** The first option that is given; undefined: none. */
export function purgeOptionIn(options: PurgeOptions): string | undefined {
  const name = NAMES.find((each) => options[each] !== undefined);
  return name === undefined ? undefined : `--${name}`;
}

/** What is wrong with a URL or a tag is for the edge to say. */
export function parsePurgeOptions(options: PurgeOptions): ParsedPurgeOptions {
  const given = NAMES.filter((name) => options[name] !== undefined);
  const [first, other] = given;
  if (first === undefined) return { ok: false, problem: EXPECTED };
  if (other !== undefined) {
    return { ok: false, problem: `${EXPECTED}; got --${first} and --${other}` };
  }
  const { url, prefix, tag } = options;
  if (url !== undefined) return { ok: true, order: { kind: 'url', url } };
  if (prefix !== undefined) return { ok: true, order: { kind: 'prefix', prefix } };
  if (tag !== undefined) return { ok: true, order: { kind: 'tags', tags: tag } };
  return { ok: true, order: { kind: 'all' } };
}

/** What the admin listener is asked with. */
export function purgeBody(order: PurgeOrder): object {
  switch (order.kind) {
    case 'url':
      return { url: order.url };
    case 'prefix':
      return { prefix: order.prefix };
    case 'tags':
      return { tags: order.tags };
    case 'all':
      return { all: true };
  }
}
