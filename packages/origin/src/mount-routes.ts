// Owns how groups of routes come into an app, together with the document and the page about them.
import type { OpenAPIHono } from '@hono/zod-openapi';
import type { Context, Hono } from 'hono';
import { addDocsPage } from './docs-page.ts';
import { type ApiDocument, apiDocument, type DocsOptions } from './openapi-document.ts';
import type { OriginEnv } from './request-scope.ts';
import type { Routes } from './routes.ts';

/** What is mounted into an app. */
export interface MountOptions {
  /** The name of the app: the title of its document, unless `docs` has one. */
  readonly name: string;
  readonly routes: readonly Routes[];
  /** False: neither `/openapi.json` nor `/docs`. */
  readonly docs: DocsOptions | false;
}

/** Adds `routes` to `app`, and `GET /openapi.json` and `GET /docs` about them. */
export function mountRoutes(app: Hono<OriginEnv>, { name, routes, docs }: MountOptions): void {
  const groups = routes as readonly OpenAPIHono<OriginEnv>[];
  if (docs !== false) {
    let document: ApiDocument | undefined;
    app.get('/openapi.json', (c) => {
      document ??= apiDocument(name, groups, docs);
      return answerDocument(c, document);
    });
    addDocsPage(app, docs.title ?? name);
  }
  for (const each of groups) app.route('/', each);
}

function answerDocument(c: Context, { text, etag }: ApiDocument): Response {
  const headers = { etag, 'cache-control': 'no-cache' };
  const known = c.req.header('if-none-match') ?? '';
  // Weakly compared (RFC 9110 §13.1.2): what compresses answers on the way makes tags weak.
  if (known.split(',').some((tag) => tag.trim().replace(/^W\//, '') === etag)) {
    return c.body(null, 304, headers);
  }
  return c.body(text, 200, { ...headers, 'content-type': 'application/json' });
}
