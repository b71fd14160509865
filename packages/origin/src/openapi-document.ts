// Owns the document of an app: OpenAPI 3.1, made of the same declarations that are checked.
import { createHash } from 'node:crypto';
import { OpenAPIHono } from '@hono/zod-openapi';
import { nameOperations } from './openapi-names.ts';
import { plainParameters } from './openapi-parameters.ts';
import type { OriginEnv } from './request-scope.ts';

type Registry = OpenAPIHono<OriginEnv>['openAPIRegistry'];
type Component = Parameters<Registry['registerComponent']>[2];
type RouteDefinition = Parameters<Registry['registerPath']>[0];

/** What the document of an app says besides its routes. */
export interface DocsOptions {
  /** Default: the name of the origin. */
  readonly title?: string;
  /** The version of the API. Default `0.0.0`. */
  readonly version?: string;
  readonly description?: string;
  /** Where the API is, relative to the document or absolute. Default: where the document is. */
  readonly servers?: readonly { readonly url: string; readonly description?: string }[];
  readonly tags?: readonly { readonly name: string; readonly description?: string }[];
  /** Ways to authenticate, by the names that routes use in `security`. */
  readonly securitySchemes?: Readonly<Record<string, Component>>;
  /** What holds for routes that say nothing: `[{ bearer: [] }]`. Default: nothing is needed. */
  readonly security?: readonly Readonly<Record<string, string[]>>[];
}

/** A document as it is sent. */
export interface ApiDocument {
  readonly text: string;
  /** Strong, of the very bytes. */
  readonly etag: string;
}

/**
 * The document of `groups`, with what the app is called where `docs` does not say.
 * @throws TypeError, naming the route, for a schema that documents have no words for
 */
export function apiDocument(
  name: string,
  groups: readonly OpenAPIHono<OriginEnv>[],
  docs: DocsOptions,
): ApiDocument {
  const { title = name, version = '0.0.0', description, servers, tags, security } = docs;
  const whole = new OpenAPIHono<OriginEnv>();
  for (const group of groups) whole.route('/', group);
  for (const [scheme, component] of Object.entries(docs.securitySchemes ?? {})) {
    whole.openAPIRegistry.registerComponent('securitySchemes', scheme, component);
  }
  const document = documentOf(whole, {
    openapi: '3.1.0',
    info: { title, version, ...(description !== undefined && { description }) },
    servers: servers ? [...servers] : [{ url: '.' }],
    security: security ? [...security] : [],
    ...(tags && { tags: [...tags] }),
  });
  const paths = document.paths as Parameters<typeof nameOperations>[0] &
    Parameters<typeof plainParameters>[0];
  nameOperations(paths);
  plainParameters(paths);
  const { webhooks, ...rest } = document;
  const text = JSON.stringify(Object.keys(webhooks ?? {}).length > 0 ? document : rest);
  const hash = createHash('sha256').update(text).digest('base64url').slice(0, 22);
  return { text, etag: `"${hash}"` };
}

type Head = Parameters<OpenAPIHono['getOpenAPI31Document']>[0];

function documentOf(app: OpenAPIHono<OriginEnv>, head: Head) {
  try {
    return app.getOpenAPI31Document(head);
  } catch (error) {
    for (const definition of app.openAPIRegistry.definitions) {
      if (definition.type === 'route') assertDocumented(definition.route, head);
    }
    throw error;
  }
}

/** One route by itself, since an error of the whole does not say which it is about. */
function assertDocumented(route: RouteDefinition, head: Head): void {
  const alone = new OpenAPIHono();
  alone.openAPIRegistry.registerPath(route);
  try {
    alone.getOpenAPI31Document(head);
  } catch (error) {
    const { data } = error as { data?: { currentSchema?: { type?: string } } };
    const type = data?.currentSchema?.type ?? 'schema';
    throw new TypeError(
      `route ${route.method.toUpperCase()} ${route.path}: documents have no words for a ${type}; ` +
        "say what it is, as in z.file().openapi({ type: 'string', format: 'binary' })",
      { cause: error },
    );
  }
}
