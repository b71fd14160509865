// The right to make a value, for all processes together: a key in Redis that ends by itself.

import { randomBytes } from 'node:crypto';
import type { RedisLink } from './redis-link.ts';
import type { Lock } from './store.ts';

// Only who holds the lock may touch it: it may have ended and been given to another.
const EXTEND = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`;
const RELEASE = `
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('DEL', KEYS[1])`;

/**
 * Takes the lock at `redisKey`, for `leaseMs`. It keeps others from doing the same work twice; it does
 * not make them safe from each other: a holder that stalls longer than its lease goes on beside the
 * next one.
 * @returns `taken` when another holds it; undefined when Redis is left alone or does not answer
 */
export async function takeRedisLock(
  link: RedisLink,
  redisKey: string,
  leaseMs: number,
): Promise<Lock | 'taken' | undefined> {
  const token = randomBytes(12).toString('base64url');
  const wholeMs = Math.max(1, Math.round(leaseMs));
  const ask = async (...command: [string, ...(string | number)[]]) => {
    try {
      return await link.send(redisKey, [command]);
    } catch {
      return undefined;
    }
  };
  const replies = await ask('SET', redisKey, token, 'NX', 'PX', wholeMs);
  if (replies === undefined) return undefined;
  if (replies[0] === null) return 'taken';
  return {
    async extend() {
      const answer = await ask('EVAL', EXTEND, 1, redisKey, token, wholeMs);
      return answer?.[0] === 1;
    },
    async release() {
      await ask('EVAL', RELEASE, 1, redisKey, token);
    },
  };
}
