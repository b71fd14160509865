/** How a new origin is made: the smallest one is copied, and everything that names it renamed. */
import { cpSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { basename, join, relative } from 'node:path';

export interface NewOrigin {
  /** Folder of the origin that is copied. */
  readonly template: string;
  /** Folder that is made. */
  readonly folder: string;
  /** Lower case, as in `apps/price-list`. */
  readonly name: string;
  readonly port: number;
}

/** The first port given to origins; `pnpm dev` uses some from here on. */
const FIRST_PORT = 4001;
/** Not copied: made by installing and building. */
const MADE = ['node_modules', 'dist', '.turbo'];

/** Why `name` cannot be the name of an app; undefined when it can. */
export function problemWithName(name: string): string | undefined {
  if (/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/.test(name) && name.length <= 40) return undefined;
  return `${JSON.stringify(name)} cannot be the name of an app; use lower-case letters, digits and single dashes, such as price-list`;
}

/** The first port from 4001 on that no app of `folder` has as its default. */
export function freeOriginPort(folder: string): number {
  const taken = new Set<number>();
  for (const file of globSync(`${folder}/*/src/settings.ts`)) {
    const port = /listenSettings\((\d+)\)/.exec(readFileSync(file, 'utf8'))?.[1];
    if (port) taken.add(Number(port));
  }
  // A second instance of items has it in the sample stack.
  taken.add(FIRST_PORT + 1);
  let port = FIRST_PORT;
  while (taken.has(port)) port++;
  return port;
}

/** Copies the template under its new name. */
export function copyOrigin({ template, folder, name, port }: NewOrigin): void {
  const old = basename(template);
  cpSync(template, folder, {
    recursive: true,
    filter: (source) => !MADE.includes(relative(template, source).split('/')[0] ?? ''),
  });
  for (const file of globSync('**/*', { cwd: folder, withFileTypes: true })) {
    if (!file.isFile()) continue;
    const path = join(file.parentPath, file.name);
    writeFileSync(path, renamed(readFileSync(path, 'utf8'), old, name, port));
  }
  writeFileSync(join(folder, 'README.md'), readme(name, port));
}

/** `hello` → `price-list`, `Hello` → `PriceList`, and the port. */
function renamed(text: string, old: string, name: string, port: number): string {
  // A typed client has the path as properties.
  const property = name.includes('-') ? `['${name}']` : `.${name}`;
  return text
    .replaceAll(`client.${old}`, `client${property}`)
    .replaceAll(old, name)
    .replaceAll(pascalCase(old), pascalCase(name))
    .replace(/listenSettings\(\d+\)/, `listenSettings(${port})`);
}

function pascalCase(name: string): string {
  return name.replace(/(?:^|-)([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());
}

function readme(name: string, port: number): string {
  return `# ${name}

\`\`\`sh
node apps/${name}/src/main.ts
curl 'http://127.0.0.1:${port}/${name}/Ada?times=2'
\`\`\`

\`http://127.0.0.1:${port}/docs\` is its page for people, \`/openapi.json\` its document. Routes are in
\`src/greetings.ts\`, settings with their defaults and reasons in \`src/settings.ts\`.
`;
}
