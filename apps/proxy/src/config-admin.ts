/** The `admin` section: where operators ask, and what lets them change something. */
import { z } from 'zod';
import { address } from './config-address.ts';

/** Too long to be found by trying; what `openssl rand -hex 16` prints is twice this. */
export const MIN_TOKEN_LENGTH = 16;

/** In place of a secret wherever a configuration is shown. */
export const SECRET = '<secret>';

const token = z
  .string()
  .min(MIN_TOKEN_LENGTH, `expected at least ${MIN_TOKEN_LENGTH} characters`)
  .regex(/^[\x21-\x7e]*$/, 'expected printable ASCII without spaces, as it goes into a header')
  .meta({ secret: true });

/** Without a token only a Unix socket takes changes. */
export const admin = z
  .strictObject({
    address,
    token: token.optional(),
    // A path beside the config, for secrets that are mounted as files.
    tokenFile: z.string().min(1).optional(),
  })
  .superRefine(({ token, tokenFile }, context) => {
    if (token === undefined || tokenFile === undefined) return;
    const message = 'expected either token or tokenFile, not both';
    context.addIssue({ code: 'custom', path: ['tokenFile'], message });
  });
