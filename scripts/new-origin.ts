/** `pnpm new-origin NAME [--port N]`: an origin of its own in `apps`, made from the smallest one there is. */
import { existsSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { copyOrigin, freeOriginPort, problemWithName } from './origin-template.ts';

const usage = 'usage: pnpm new-origin NAME [--port N]';
const { name, port } = readCommandLine(process.argv.slice(2));
const folder = `apps/${name}`;
if (existsSync(folder)) fail(`${folder} exists already; choose another name, or remove it`);
copyOrigin({ template: 'apps/hello', folder, name, port });
console.log(`
${folder} is an origin that works. Its routes are in src/greetings.ts.

  pnpm install                      links it into the workspace
  pnpm test ${folder}/              its tests
  node ${folder}/src/main.ts        serves on http://127.0.0.1:${port}, documented at /docs

To have it in the stack of \`pnpm dev\`, add to deploy/compose.yaml

  ${name}:
    <<: *hardening
    build: { context: .., dockerfile: deploy/Dockerfile, args: { APP: ${name} } }
    user: node
    environment:
      HOST: 0.0.0.0
      PORT: "${port}"
    healthcheck: *origin-health

with ${variable(name)}: http://${name}:${port} in the environment of \`proxy\`, and to deploy/headgate.yaml

services:
  ${name}:
    upstreams:
      - url: \${${variable(name)}:-http://127.0.0.1:${port}}
    healthCheck: { path: /ready }
routes:
  - match: { path: /${name}/* }
    service: ${name}
`);

function readCommandLine(args: readonly string[]): { name: string; port: number } {
  try {
    const options = { port: { type: 'string' } } as const;
    const { values, positionals } = parseArgs({ args: [...args], allowPositionals: true, options });
    const [name, ...rest] = positionals;
    if (name === undefined || rest.length > 0) fail(usage);
    const problem = problemWithName(name);
    if (problem) fail(problem);
    const port = values.port === undefined ? freeOriginPort('apps') : Number(values.port);
    if (!Number.isInteger(port) || port < 1 || port > 65_535) {
      fail(`--port ${values.port}: expected a number from 1 to 65535`);
    }
    return { name, port };
  } catch (error) {
    return fail(`${(error as Error).message}\n${usage}`);
  }
}

function variable(name: string): string {
  return `${name.toUpperCase().replaceAll('-', '_')}_URL`;
}

function fail(message: string): never {
  console.error(message);
  process.exit(1);
}
