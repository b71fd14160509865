// Owns how a part that could not be had is named in an answer.
import { z } from '@headgate/origin';

/** A part left out of a partial answer, and why. */
export const missingSchema = z
  .object({
    part: z.string(),
    reason: z.string().openapi({ example: 'timeout' }),
    status: z.int().optional().openapi({ description: 'What the partner said.' }),
    message: z.string(),
  })
  .openapi('Missing');
