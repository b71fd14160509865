// Owns the page people read an API on: Swagger UI, from this origin alone.
import type { Context, Hono } from 'hono';
import { type DocsAsset, readAsset, uiVersion } from './docs-assets.ts';
import type { OriginEnv } from './request-scope.ts';

/** The page runs no script and asks no host but its own; styles are Swagger UI's own. */
const policy = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "img-src 'self' data:",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

const pageHeaders = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': policy,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
};

/**
 * Adds `GET /docs` to `app`. All addresses on the page are relative, so that it also works where
 * an edge shows the app under a prefix.
 */
export function addDocsPage(app: Hono<OriginEnv>, title: string): void {
  app.get('/docs', (c) => c.body(pageOf(title, uiVersion()), 200, pageHeaders));
  app.get('/docs/', (c) => c.body(null, 308, { location: '../docs' }));
  app.get('/docs/:version/:file', async (c) => {
    const asset = await readAsset(c.req.param('version'), c.req.param('file'));
    return asset === undefined ? c.notFound() : answerAsset(c, asset);
  });
}

function answerAsset(c: Context, { bytes, contentType }: DocsAsset): Response {
  return c.body(bytes, 200, {
    'content-type': contentType,
    'x-content-type-options': 'nosniff',
    'cache-control': 'public, max-age=31536000, immutable',
  });
}

function pageOf(title: string, version: string): string {
  const at = `docs/${version}`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escaped(title)}</title>
<link rel="icon" href="${at}/favicon-32x32.png">
<link rel="stylesheet" href="${at}/swagger-ui.css">
<link rel="stylesheet" href="${at}/page.css">
</head>
<body>
<div id="ui" data-document="openapi.json"></div>
<script src="${at}/swagger-ui-bundle.js"></script>
<script src="${at}/page.js"></script>
</body>
</html>
`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;');
}
