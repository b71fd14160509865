/**
 * Requests that wait for a slow partner, by the kit. Run with `--expose-gc`, `PORT`, `PARTNER_URL`,
 * `PARTNER_CONNECTIONS` and `PARTNER_TIMEOUT_S`; `GET /collect` frees what is garbage, before memory
 * is read.
 */
import { createOrigin, runOrigin } from '@headgate/origin';
import { createPartnerClient, PartnerError } from '@headgate/origin/client';
import { z } from 'zod';

/** More than are ever held. */
const MAX_QUEUE = 20_000;
const schema = z.object({ target: z.string() });

await runOrigin({ name: 'kit-waiting', port: Number(process.env.PORT), start });

async function start() {
  const patienceMs = Number(process.env.PARTNER_TIMEOUT_S) * 1_000;
  const app = createOrigin({ name: 'kit-waiting', deadlineMs: patienceMs });
  const partner = createPartnerClient({
    name: 'partner',
    upstreams: process.env.PARTNER_URL ?? '',
    timeoutMs: patienceMs,
    maxConnections: Number(process.env.PARTNER_CONNECTIONS),
    maxQueue: MAX_QUEUE,
    registry: app.registry,
  });
  app.get('/collect', (c) => {
    // Gives back to the system what it can, so that what is held does not fit into what was left over.
    globalThis.gc?.({ type: 'major', execution: 'sync', flavor: 'last-resort' });
    return c.body(null, 204);
  });
  app.get('/:kind/:source/:number', async (c) => {
    const { kind, source, number } = c.req.param();
    const result = await partner.get([kind, source, number], { schema, scope: c.env.scope });
    if (!result.ok) throw new PartnerError(result.failure);
    return c.text(result.body.target);
  });
  return { origin: app, onClosed: () => partner.close() };
}
