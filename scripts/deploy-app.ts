/**
 * `pnpm deploy-app NAME DIR`: one app with its production dependencies, as built JavaScript, ready
 * to copy into an image or onto a host. Run `pnpm build` first.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, globSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';

const [name, directory] = process.argv.slice(2);
if (!name || !directory || !existsSync(join('apps', name, 'dist', 'main.js'))) {
  console.error('usage: pnpm build && pnpm deploy-app NAME DIR, where NAME is a folder of apps');
  process.exit(2);
}
const out = resolve(directory);
if (existsSync(out)) {
  console.error(`${out} exists already; name a new directory`);
  process.exit(1);
}
const pnpm = process.env.npm_execpath ?? 'pnpm';
const deployed = spawnSync(pnpm, ['--filter', `@headgate/${name}`, 'deploy', '--prod', out], {
  stdio: 'inherit',
});
if (deployed.status !== 0) process.exit(deployed.status ?? 1);

// A deployed workspace package still exports its TypeScript; what it publishes is JavaScript.
const manifests = globSync('node_modules/.pnpm/@headgate*/node_modules/@headgate/*/package.json', {
  cwd: out,
});
for (const manifest of ['package.json', ...manifests]) publish(join(out, manifest));

function publish(file: string): void {
  const { publishConfig, ...manifest } = JSON.parse(readFileSync(file, 'utf8'));
  writeFileSync(file, `${JSON.stringify({ ...manifest, ...publishConfig }, null, 2)}\n`);
}
