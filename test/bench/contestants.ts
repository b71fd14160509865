/** Who takes part: Headgate first, then its peers. */
import { caddy } from './contestants/caddy.ts';
import type { Contestant } from './contestants/contestant.ts';
import { haproxy } from './contestants/haproxy.ts';
import { headgate, headgateAccessLog, headgateTwoWorkers } from './contestants/headgate.ts';
import { nginx } from './contestants/nginx.ts';
import { httpProxy3, replyFrom, undiciDispatch } from './contestants/node-proxies.ts';

/** What all others are compared with. */
export const ours: Contestant = headgate;

export const peers: readonly Contestant[] = [
  headgateAccessLog,
  headgateTwoWorkers,
  nginx,
  haproxy,
  caddy,
  undiciDispatch,
  replyFrom,
  httpProxy3,
];
