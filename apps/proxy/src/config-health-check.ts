/** The settings of a service's health check. */
import { setting } from '@headgate/config';
import { z } from 'zod';
import { parseUpstreamUrl } from './address.ts';
import { positiveDuration } from './config-duration.ts';
import { GOOD_STATUSES, statusRangeOf } from './probe-expect.ts';

const EXPECTED_STATUS = 'a status such as 204, 2xx or 200-299';

const status = z
  .union([
    z.int().min(200).max(599),
    z.string().refine((text) => statusRangeOf(text) !== undefined, `expected ${EXPECTED_STATUS}`),
  ])
  .meta({ expects: EXPECTED_STATUS });

const expectation = z.strictObject({
  statuses: setting(z.array(status).min(1, 'expected at least one status'), {
    default: [...GOOD_STATUSES],
    reason: 'an upstream that answers or redirects can do its work',
  }),
  headers: z
    .record(z.string().regex(/^[\w!#$%&'*+.^`|~-]+$/, 'expected a header name'), z.string())
    .optional(),
  body: z.string().min(1).optional(),
});

const common = {
  // Only where something else than the upstream itself answers for it.
  port: z.int().min(1).max(65_535).optional(),
  interval: setting(positiveDuration, {
    default: '2s',
    unit: 'ms',
    reason: 'finds a dead upstream in seconds at a cost no origin notices',
  }),
  timeout: setting(positiveDuration, {
    default: '1s',
    unit: 'ms',
    reason: 'a health check that takes longer is not healthy',
  }),
  rise: setting(z.int().min(1).max(100), {
    default: 2,
    unit: 'answers',
    reason: 'one good answer may be luck while an origin starts',
  }),
  fall: setting(z.int().min(1).max(100), {
    default: 3,
    unit: 'failures',
    reason: 'one lost probe is no reason to lose an upstream',
  }),
};

const httpCheck = z.strictObject({
  // Optional inside, so that a check that does not say its type is one of this type.
  type: setting(
    z
      .literal('http')
      .optional()
      .transform(() => 'http' as const),
    { default: 'http', reason: 'an accepted connection does not say that the app behind it works' },
  ),
  path: setting(z.string().regex(/^\/[!-~]*$/, 'expected a path such as /health'), {
    default: '/health',
    reason: 'what the origin kit serves',
  }),
  host: z
    .string()
    .regex(
      /^([a-z0-9_-]+(\.[a-z0-9_-]+)*|\[[0-9a-f:.]+\])(:\d{1,5})?$/i,
      'expected a host such as items.internal or items.internal:8080',
    )
    .optional(),
  expect: expectation.prefault({}),
  ...common,
});

/** For what is asked over HTTP only; known here, so that it is not taken for a typing error. */
const httpOnly = z
  .undefined({ error: 'a check of type tcp sends no request, so this has no effect; remove it' })
  .optional();

const tcpCheck = z.strictObject({
  type: z.literal('tcp'),
  path: httpOnly,
  host: httpOnly,
  expect: httpOnly,
  ...common,
});

/** Of type http unless it says tcp. */
export const healthCheck = z
  .discriminatedUnion('type', [httpCheck, tcpCheck], {
    error: ({ code, input }) =>
      code === 'invalid_union'
        ? `expected one of "http", "tcp", got ${JSON.stringify(Object(input).type)}`
        : undefined,
  })
  .meta({ expects: 'an object' });

interface CheckedService {
  readonly upstreams: readonly { readonly url?: string | undefined }[];
  readonly healthCheck?: z.output<typeof healthCheck> | undefined;
}

interface Report {
  addIssue(issue: { code: 'custom'; path: (string | number)[]; message: string }): void;
}

/** Refuses a port to probe where an upstream has none. */
export function checkProbePort({ upstreams, healthCheck }: CheckedService, report: Report): void {
  if (healthCheck?.port === undefined) return;
  const unix = upstreams.find(({ url }) => {
    const parsed = parseUpstreamUrl(url ?? '');
    return parsed.ok && parsed.address.endpoint.kind === 'unix';
  });
  if (!unix) return;
  report.addIssue({
    code: 'custom',
    path: ['healthCheck', 'port'],
    message: `a unix socket has no other port, and ${unix.url} is one; give it a service of its own`,
  });
}
