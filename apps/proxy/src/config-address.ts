/** The setting that says where to listen. */
import { z } from 'zod';
import { parseAddress } from './address.ts';

export const address = z
  .string()
  .superRefine((value, context) => {
    const parsed = parseAddress(value);
    if (!parsed.ok) context.addIssue({ code: 'custom', message: parsed.reason });
  })
  .meta({ expects: 'host:port such as 127.0.0.1:8080 or unix:/path' });
