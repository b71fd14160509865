// Owns the routes of the stand-in partner API.
import { badRequest, createOrigin, notFound, type Origin } from '@headgate/origin';
import { commentsOf, maxId, postOf, userOf } from './data.ts';
import { type Dial, dialSchema, type Route } from './dial.ts';
import { misbehave } from './misbehave.ts';

/** What the partner is made of. */
export interface PartnerDeps {
  dial: Dial;
  /** Uniform in [0, 1); decides which requests fail, stall or wait how long. */
  random: () => number;
}

/** The partner: `/posts`, `/posts/:id`, `/posts/:id/comments`, `/users/:id`, and `/_dial`. */
export function createPartnerApp({ dial, random }: PartnerDeps): Origin {
  const app = createOrigin({ name: 'partner', deadlineMs: Number.POSITIVE_INFINITY });

  app.get('/_dial', (c) => c.json(dial.settings));
  app.put('/_dial', async (c) => {
    const body: unknown = await c.req.json().catch(() => {
      throw badRequest('the body is not JSON');
    });
    const parsed = dialSchema.safeParse(body);
    if (!parsed.success) {
      const problems = parsed.error.issues.map(({ path, message }) => ({
        path: path.map(String).join('.'),
        message,
      }));
      throw badRequest('the dial cannot be turned that way', { problems });
    }
    dial.turn(parsed.data);
    return c.json(dial.settings);
  });

  const dialled = (route: Route) => misbehave(route, dial, random);
  app.get('/posts', dialled('/posts'), (c) => {
    const limit = Number(c.req.query('limit') ?? 10);
    if (!Number.isInteger(limit) || limit < 1 || limit > 100) {
      throw badRequest('limit must be a whole number from 1 to 100');
    }
    return c.json(Array.from({ length: limit }, (_, index) => postOf(index + 1)));
  });
  app.get('/posts/:id', dialled('/posts/:id'), (c) => c.json(postOf(idOf(c.req.param('id')))));
  app.get('/posts/:id/comments', dialled('/posts/:id/comments'), (c) =>
    c.json(commentsOf(idOf(c.req.param('id')))),
  );
  app.get('/users/:id', dialled('/users/:id'), (c) => c.json(userOf(idOf(c.req.param('id')))));
  return app;
}

function idOf(text: string): number {
  const id = /^[1-9]\d{0,6}$/.test(text) ? Number(text) : 0;
  if (id < 1 || id > maxId) throw notFound(`there is no id ${text}; ids are 1 to ${maxId}`);
  return id;
}
