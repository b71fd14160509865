/** A greeting by Hono alone, without the kit: what there is to pay for features. Run with `PORT`. */
import { serve } from '@hono/node-server';
import { Hono } from 'hono';

const app = new Hono();
app.get('/hello/:id', (c) => {
  const id = Number(c.req.param('id'));
  const times = Number(c.req.query('times') ?? '1');
  return c.json({ id, times, message: `hello ${id}` });
});
app.get('/health', (c) => c.json({ status: 'ok' }));

serve({ fetch: app.fetch, hostname: '127.0.0.1', port: Number(process.env.PORT) });
process.on('disconnect', () => process.exit());
process.on('SIGTERM', () => process.exit());
