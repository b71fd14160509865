/** A greeting by the kit, path and query validated by their schemas. Run with `PORT`. */
import { createOrigin, createRoutes, json, route, runOrigin, z } from '@headgate/origin';

const helloRoute = route({
  method: 'get',
  path: '/hello/{id}',
  request: {
    params: z.object({
      id: z.coerce
        .number()
        .int()
        .min(1)
        .max(2 ** 31 - 1),
    }),
    query: z.object({ times: z.coerce.number().int().min(1).max(100).default(1) }),
  },
  responses: {
    200: json(z.object({ id: z.number(), times: z.number(), message: z.string() }), 'The greeting'),
  },
});

const routes = createRoutes().openapi(helloRoute, (c) => {
  const { id } = c.req.valid('param');
  const { times } = c.req.valid('query');
  return c.json({ id, times, message: `hello ${id}` }, 200);
});

await runOrigin({
  name: 'kit-hello',
  port: Number(process.env.PORT),
  start: async () => ({ origin: createOrigin({ name: 'kit-hello', routes }) }),
});
