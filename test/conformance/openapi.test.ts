import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { promisify } from 'node:util';
import { createOrigin, createRoutes, json, jsonBody, problem, route, z } from '@headgate/origin';
import { createConfig, lintFromString } from '@redocly/openapi-core';

const recommended = await createConfig({ extends: ['recommended'], telemetry: 'off' });

/** What a validator that knows nothing of us says against a document. */
async function complaints(source: string): Promise<string[]> {
  const found = await lintFromString({ source, config: recommended });
  return found
    .filter(({ severity }) => severity === 'error')
    .map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer})`);
}

/** How each sample app is made, without what it would talk to. */
const samples: Record<string, string> = {
  hello: `
    import { createHelloApp } from './apps/hello/src/app.ts';
    const app = createHelloApp({});`,
  items: `
    import { createItemsApp } from './apps/items/src/app.ts';
    const app = createItemsApp({});`,
  live: `
    import { createLiveApp } from './apps/live/src/app.ts';
    const app = createLiveApp({});`,
  profiles: `
    import { createProfileRoutes } from './apps/profiles/src/profile-routes.ts';
    const readYourWrites = (_, next) => next();
    const routes = createProfileRoutes({ reads: {}, writes: {}, readYourWrites });
    const app = createOrigin({ name: 'profiles', routes });`,
};

for (const [name, program] of Object.entries(samples)) {
  test(`the document of ${name} is valid`, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [
      '--input-type=module',
      '--eval',
      `import { createOrigin } from './packages/origin/src/index.ts';${program}
      process.stdout.write(await (await app.request('/openapi.json')).text());`,
    ]);
    assert.notDeepEqual(JSON.parse(stdout).paths, {});
    assert.deepEqual(await complaints(stdout), []);
  });
}

test('the document of a large API with every kind of schema is valid', async () => {
  const groups = Array.from({ length: 40 }, (_, n) => group(n));
  const app = createOrigin({
    name: 'large',
    routes: groups,
    docs: {
      version: '1.2.3',
      description: 'All there is',
      tags: groups.map((_, n) => ({ name: `group ${n}`, description: 'A group' })),
      securitySchemes: {
        bearer: { type: 'http', scheme: 'bearer', bearerFormat: 'JWT' },
        key: { type: 'apiKey', in: 'header', name: 'x-api-key' },
      },
      security: [{ bearer: [] }],
    },
  });
  const source = await (await app.request('/openapi.json')).text();
  const document = JSON.parse(source) as { paths: Record<string, object> };
  const operations = Object.values(document.paths).flatMap((methods) => Object.keys(methods));
  assert.equal(operations.length, 40 * 6);
  assert.deepEqual(await complaints(source), []);
});

test('a document that is not valid is found out', async () => {
  const app = createOrigin({
    name: 'wrong',
    routes: createRoutes().openapi(
      route({
        method: 'get',
        path: '/items/{id}',
        security: [{ nowhere: [] }],
        responses: { 200: { description: 'Fine' } },
      }),
      (c) => c.body(null, 200),
    ),
  });
  const found = await complaints(await (await app.request('/openapi.json')).text());
  assert.ok(found.some((complaint) => complaint.startsWith('security-defined')));
  assert.ok(found.some((complaint) => complaint.startsWith('path-parameters-defined')));
});

function group(n: number) {
  const Name = `Thing${n}`;
  const sizeSchema = z.object({ width: z.number().positive(), unit: z.enum(['mm', 'in']) });
  const shapeSchema = z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('box'), size: sizeSchema }),
    z.object({ kind: z.literal('ball'), radius: z.number().min(0).max(10) }),
  ]);
  const thingSchema = z
    .object({
      id: z.uuid(),
      name: z.string().min(1).max(80),
      count: z.int().default(0),
      note: z.string().nullable(),
      made: z.iso.datetime(),
      shape: shapeSchema,
      labels: z.record(z.string(), z.union([z.string(), z.number()])),
      pair: z.tuple([z.string(), z.boolean()]),
      get parts() {
        return z.array(thingSchema);
      },
    })
    .openapi(Name, { description: `A thing of group ${n}` });
  const pageSchema = z.object({ items: z.array(thingSchema), next: z.string().nullable() });
  const newSchema = thingSchema.omit({ id: true, made: true, parts: true }).openapi(`New${Name}`);
  const params = z.object({ id: z.uuid() });
  const tags = [`group ${n}`];
  const path = `/groups-${n}/things`;
  const missing = problem('No such thing');
  const list = z.object({
    limit: z.coerce.number().int().min(1).max(100).default(20),
    after: z.string().optional(),
    tags: z.array(z.string()).optional(),
    deep: z.stringbool().optional(),
  });
  const answer = () => new Response() as never;
  return createRoutes()
    .openapi(
      route({
        method: 'get',
        path,
        tags,
        request: { query: list, headers: z.object({ 'accept-language': z.string().optional() }) },
        responses: { 200: json(pageSchema, 'A page of things') },
      }),
      answer,
    )
    .openapi(
      route({
        method: 'post',
        path,
        tags,
        maxBodyBytes: 2048,
        request: { body: jsonBody(newSchema), cookies: z.object({ session: z.string() }) },
        responses: { 201: json(thingSchema, 'The new thing'), 409: problem('There already') },
      }),
      answer,
    )
    .openapi(
      route({
        method: 'get',
        path: `${path}/{id}`,
        tags,
        security: [{ key: [] }],
        request: { params },
        responses: { 200: json(thingSchema, 'The thing'), 404: missing },
      }),
      answer,
    )
    .openapi(
      route({
        method: 'put',
        path: `${path}/{id}`,
        tags,
        deadlineMs: 2000,
        maxInFlight: 8,
        request: { params, body: jsonBody(newSchema) },
        responses: { 200: json(thingSchema, 'The thing as it is now'), 404: missing },
      }),
      answer,
    )
    .openapi(
      route({
        method: 'delete',
        path: `${path}/{id}`,
        tags,
        deprecated: true,
        request: { params },
        responses: { 204: { description: 'Gone' }, 404: missing },
      }),
      answer,
    )
    .openapi(
      route({
        method: 'post',
        path: `${path}/{id}/picture`,
        tags,
        request: {
          params,
          body: {
            required: true,
            content: {
              'multipart/form-data': {
                schema: z.object({ file: z.file().openapi({ type: 'string', format: 'binary' }) }),
              },
            },
          },
        },
        responses: {
          200: {
            description: 'Progress',
            content: { 'text/event-stream': { schema: z.string() } },
          },
          404: missing,
        },
      }),
      answer,
    );
}
