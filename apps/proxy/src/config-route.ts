/** A route: which requests it takes, which service they go to, and on what terms. */
import { priorities } from '@headgate/balancer';
import { setting } from '@headgate/config';
import { z } from 'zod';
import { routeCache } from './config-cache.ts';
import { positiveDuration } from './config-duration.ts';
import { parseTarget } from './target.ts';

const routePath = z.string().superRefine((value, context) => {
  const problem = routePathProblem(value);
  if (problem) context.addIssue({ code: 'custom', message: problem });
});

export const route = z.strictObject({
  match: z
    .strictObject({
      host: z
        .string()
        .regex(
          /^(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*$|^[0-9a-f:]+$/i,
          'expected a host name, optionally *.name, without port',
        )
        .optional(),
      path: routePath.optional(),
      methods: z
        .array(z.string().regex(/^[A-Z]+$/, 'expected a method in capitals such as GET'))
        .min(1, 'expected at least one method')
        .optional(),
      headers: z
        .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, 'expected a header name'), z.string())
        .optional(),
    })
    .optional(),
  service: z.string().meta({ expects: 'the name of a service' }),
  priority: setting(z.enum(priorities), {
    default: 'normal',
    reason: 'all requests are alike unless said otherwise; who waits longest when there is a queue',
  }),
  // A route without one waits as long as its service allows.
  deadline: positiveDuration.optional(),
  hedge: setting(z.union([z.boolean(), z.strictObject({ delay: positiveDuration })]), {
    default: false,
    reason:
      'a second request costs the upstreams work: only who owns them knows that they have room',
  }),
  cache: routeCache,
});

function routePathProblem(value: string): string | undefined {
  if (!/^\/[!-)+-~]*\*?$/.test(value)) return 'expected /path or /path/*; * only at the end';
  if (value.endsWith('*') && !value.endsWith('/*')) {
    return 'expected /* at the end; a * stands for whole path segments';
  }
  const target = parseTarget(value, 'GET');
  if (!target.ok) return `can never match: ${target.reason}`;
  if (target.query) return 'can never match: a path ends where the query begins';
  if (target.path !== value) return `can never match: requests have it as ${target.path}`;
  return undefined;
}
