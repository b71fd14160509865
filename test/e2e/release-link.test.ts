/** Releases in folders of their own, and a link that leads to the one in use. */
import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, symlink, unlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { pathToFileURL } from 'node:url';
import { type ConfigFile, writeConfig } from '../support/config-file.ts';
import { eventually, soon } from '../support/eventually.ts';
import { headgateMain } from '../support/headgate-command.ts';

const CONFIG = `
listeners: [{ address: 127.0.0.1:0 }]
services: { app: { upstreams: [{ url: http://127.0.0.1:9 }] } }
routes: [{ service: app }]
logLevel: warn
`;

/** The program under test, in a folder that is called by the release and says so when it starts. */
async function deploy(folder: string, release: string): Promise<void> {
  await mkdir(join(folder, release));
  const program = `process.stdout.write('release ${release}\\n');
await import(${JSON.stringify(pathToFileURL(headgateMain).href)});
`;
  await writeFile(join(folder, release, 'main.mjs'), program);
}

function start(folder: string, { path }: ConfigFile) {
  const main = join(folder, 'current', 'main.mjs');
  const child = spawn(process.execPath, [main, 'run', '--config', path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = { text: '' };
  child.stdout.on('data', (chunk) => {
    output.text += chunk;
  });
  const prints = (pattern: RegExp) =>
    eventually(() => {
      const found = pattern.exec(output.text);
      assert.ok(found, `${pattern} was not printed:\n${output.text}`);
      return found;
    });
  return { child, output, prints };
}

async function end(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await soon(exited, 'the exit of the first supervisor').finally(() => child.kill('SIGKILL'));
}

test('an upgrade starts the release the link leads to now', async () => {
  await using config = await writeConfig(CONFIG);
  const folder = dirname(config.path);
  await deploy(folder, 'a');
  await deploy(folder, 'b');
  await symlink('a', join(folder, 'current'));
  const { child, output, prints } = start(folder, config);
  let successor: number | undefined;
  try {
    await prints(/^ready$/m);
    await unlink(join(folder, 'current'));
    await symlink('b', join(folder, 'current'));
    assert.doesNotMatch(output.text, /release b/);

    child.kill('SIGUSR2');
    successor = Number((await prints(/^upgraded to process (\d+)$/m))[1]);
    assert.match(output.text, /^release b$/m);
  } finally {
    await end(child);
    if (successor !== undefined) process.kill(successor, 'SIGTERM');
    // Both write there, and it ends with the last of them.
    await eventually(() => assert.ok(child.stdout?.closed, 'a process is left'));
  }
});
