/** Configuration files in a folder of their own, removed after the test. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface ConfigFile extends AsyncDisposable {
  readonly path: string;
  /** Another path in the same folder, for logs. */
  sibling(name: string): string;
  write(text: string): Promise<void>;
}

/** Writes `text` to a new file called `name`; its ending decides the format. */
export async function writeConfig(text: string, name = 'headgate.yaml'): Promise<ConfigFile> {
  const folder = await mkdtemp(join(tmpdir(), 'headgate-test-'));
  const path = join(folder, name);
  await writeFile(path, text);
  return {
    path,
    sibling: (other) => join(folder, other),
    write: (next) => writeFile(path, next),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}
