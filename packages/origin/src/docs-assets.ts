// Owns the files of the page: Swagger UI's from its package, read when they are asked for, and the
// two small ones that start it.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A file as it is sent. */
export interface DocsAsset {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly contentType: string;
}

const require = createRequire(import.meta.url);

const types = {
  css: 'text/css; charset=utf-8',
  js: 'text/javascript; charset=utf-8',
  png: 'image/png',
} as const;

/** What of the package is served: nothing that the page does not ask for. */
const files = new Map<string, keyof typeof types>([
  ['swagger-ui.css', 'css'],
  ['swagger-ui-bundle.js', 'js'],
  ['favicon-32x32.png', 'png'],
]);

const pageStyle = `html { color-scheme: light; background: #fafafa; }
html.dark-mode { color-scheme: dark; background: #1c2022; }
body { margin: 0; }
.swagger-ui .scheme-container:not(:has(.auth-wrapper, option + option)) { display: none; }
`;

const pageScript = `const darkness = matchMedia('(prefers-color-scheme: dark)');
const follow = () => document.documentElement.classList.toggle('dark-mode', darkness.matches);
darkness.addEventListener('change', follow);
follow();
const place = document.querySelector('#ui');
SwaggerUIBundle({
  url: new URL(place.dataset.document, document.baseURI).href,
  domNode: place,
  deepLinking: true,
  displayRequestDuration: true,
  validatorUrl: null,
  persistAuthorization: false,
  presets: [SwaggerUIBundle.presets.apis],
});
`;

/** Files of our own: changed ones need another address, so this is part of the version. */
const own = new Map<string, { readonly text: string; readonly type: keyof typeof types }>([
  ['page.css', { text: pageStyle, type: 'css' }],
  ['page.js', { text: pageScript, type: 'js' }],
]);
const ownRevision = 1;

let version: string | undefined;

/** Changes whenever a file does: part of the files' addresses, so that browsers may keep them. */
export function uiVersion(): string {
  version ??= `${(require('swagger-ui-dist/package.json') as { version: string }).version}-${ownRevision}`;
  return version;
}

/** The file `name`; undefined when there is none, or it is another version that is asked for. */
export async function readAsset(
  askedVersion: string,
  name: string,
): Promise<DocsAsset | undefined> {
  if (askedVersion !== uiVersion()) return undefined;
  const mine = own.get(name);
  if (mine !== undefined) {
    return { bytes: new TextEncoder().encode(mine.text), contentType: types[mine.type] };
  }
  const type = files.get(name);
  if (type === undefined) return undefined;
  const folder = dirname(require.resolve('swagger-ui-dist/package.json'));
  const bytes = await readFile(join(folder, name));
  return { bytes: new Uint8Array(bytes), contentType: types[type] };
}
