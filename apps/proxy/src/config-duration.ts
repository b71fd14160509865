/** A time that has to pass: zero would mean at once. */
import { duration } from '@headgate/config';

export const positiveDuration = duration().refine((ms) => ms > 0, 'expected more than 0ms');
