// Owns the greetings: what a request may say, what is answered.
import { createRoutes, route, z } from '@headgate/origin';

const greetingSchema = z
  .object({ message: z.string(), times: z.number().int() })
  .openapi('Greeting', { example: { message: 'good day Ada', times: 1 } });

const greetSomeone = route({
  method: 'get',
  path: '/hello/{name}',
  summary: 'Greets someone',
  tags: ['greetings'],
  request: {
    params: z.object({ name: z.string().min(1).max(40).openapi({ example: 'Ada' }) }),
    query: z.object({ times: z.coerce.number().int().min(1).max(10).default(1) }),
  },
  responses: {
    200: {
      description: 'The greeting',
      content: { 'application/json': { schema: greetingSchema } },
    },
  },
});

/** The routes, typed for `hc<GreetingRoutes>(url)`. */
export function createGreetings(greeting: string) {
  return createRoutes().openapi(greetSomeone, (c) => {
    const { name } = c.req.valid('param');
    const { times } = c.req.valid('query');
    const message = Array.from({ length: times }, () => `${greeting} ${name}`).join(', ');
    return c.json({ message, times }, 200);
  });
}

/** What a typed client knows of the routes. */
export type GreetingRoutes = ReturnType<typeof createGreetings>;
