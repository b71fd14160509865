/** Says what is wrong with a scenario. */
import { parseDuration } from '@headgate/config';
import { z } from 'zod';
import { nearestName } from './nearest-name.ts';

const PROFILES = 'constant(), ramp(), spike(), sine(), sequence() or trace()';
const PAIR = 'or two of them, the shorter first';

const duration = z
  .string({ error: expected('a duration such as 250ms, 2s or 1m') })
  .refine(isDuration, { error: expected('a duration such as 250ms, 2s or 1m') });

const profile = z.custom(isProfile, { error: expected(`what ${PROFILES} returns`) });

const lineProfile = z.custom((value) => isUserCount(value) || isLine(value), {
  error: expected('a whole number of users from 1 up, or a profile other than a trace'),
});

const thinkTime = z.custom(isThinkTime, { error: expected(`a duration such as 2s, ${PAIR}`) });

const headers = z.record(z.string(), z.unknown(), { error: expected('an object') }).check((all) => {
  for (const [name, value] of Object.entries(all.value)) {
    const problem = headerProblem(name, value);
    if (problem !== undefined) all.issues.push(issue([name], value, problem));
  }
});

const method = z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, { error: expected('an HTTP method') });

const request = z.strictObject({
  path: z.string({ error: expected('a path, which begins with "/"') }).regex(/^\/[\x21-\x7e]*$/, {
    error: expected('a path, which begins with "/" and has %20 and the like for other characters'),
  }),
  method: method.optional(),
  headers: headers.optional(),
  body: z.string({ error: expected('text') }).optional(),
});
