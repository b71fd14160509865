/** How much of everything one request, one connection and one worker may have. */
import { setting, size } from '@headgate/config';
import { z } from 'zod';

const boundedSize = size().refine(
  (bytes) => bytes >= 1_024 && bytes <= 1_048_576,
  'expected a size from 1KiB to 1MiB',
);

export const limits = z.strictObject({
  requestTargetSize: setting(
    size().refine(
      (bytes) => bytes >= 256 && bytes <= 1_048_576,
      'expected a size from 256B to 1MiB',
    ),
    { default: '8KiB', unit: 'bytes', reason: 'what nginx and browsers can live with' },
  ),
  requestHeadSize: setting(boundedSize, {
    default: '16KiB',
    unit: 'bytes',
    reason: 'what Node, nginx and HAProxy take by default',
  }),
  requestHeaderCount: setting(z.int().min(1).max(10_000), {
    default: 100,
    unit: 'fields',
    reason: 'three times what browsers send',
  }),
  // Only the API knows what is too large.
  requestBodySize: size()
    .refine((bytes) => bytes > 0, 'expected more than 0B')
    .optional(),
  requestBodyRate: setting(size(), {
    default: '240B',
    unit: 'bytes/s',
    reason: 'below any modem, above a slow-loris, and what Kestrel has; 0B turns it off',
  }),
  pipelinedSize: setting(boundedSize, {
    default: '64KiB',
    unit: 'bytes',
    reason: 'hundreds of small requests ahead of their answers; more waits in the socket',
  }),
  trailerSize: setting(size(), {
    default: '4KiB',
    unit: 'bytes',
    reason: 'checksums and timings, not a second head',
  }),
  chunkExtensionSize: setting(size(), {
    default: '4KiB',
    unit: 'bytes',
    reason: 'they say nothing and cost as much as a body',
  }),
  responseHeadSize: setting(boundedSize, {
    default: '32KiB',
    unit: 'bytes',
    reason: 'origins are trusted with more: large Set-Cookie and policy fields',
  }),
  responseHeaderCount: setting(z.int().min(1).max(10_000), {
    default: 256,
    unit: 'fields',
    reason: 'origins are trusted with more than clients',
  }),
  maxInFlight: setting(z.int().min(1), {
    default: 9_000,
    unit: 'requests',
    reason: 'two sockets each within the 20,000 open files a process commonly has',
  }),
});
