// Owns what a profile is: to clients, and as a row.
import { z } from '@headgate/origin';

const text = (most: number) => z.string().trim().min(1).max(most);

/** What clients may say about a profile. */
export const newProfileSchema = z
  .strictObject({
    name: text(100).openapi({ example: 'Ada Lovelace' }),
    email: z.email().max(200).openapi({ example: 'ada@example.com' }),
    bio: z.string().max(10_000).default(''),
  })
  .openapi('NewProfile');

/** A profile as it is answered. */
export const profileSchema = z
  .object({
    id: z.int(),
    name: z.string(),
    email: z.string(),
    bio: z.string(),
    updatedAt: z.iso.datetime(),
  })
  .openapi('Profile');

/** What clients may say about a profile. */
export type NewProfile = z.output<typeof newProfileSchema>;
/** A profile as it is answered. */
export type Profile = z.output<typeof profileSchema>;

/** The columns of {@link ProfileRow}, for statements. */
export const profileColumns = 'id, name, email, bio, updated_at';

/** A row of `profiles`. */
export interface ProfileRow extends Record<string, unknown> {
  readonly id: number | string;
  readonly name: string;
  readonly email: string;
  readonly bio: string;
  readonly updated_at: Date;
}

/** A row as it is answered. */
export function toProfile({ id, name, email, bio, updated_at }: ProfileRow): Profile {
  return { id: Number(id), name, email, bio, updatedAt: updated_at.toISOString() };
}
