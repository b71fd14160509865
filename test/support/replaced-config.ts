/** Configuration files that are replaced in the ways in which deployments do it. */
import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { type ConfigFile, writeConfig } from './config-file.ts';

/** A file that is never written to: another one is renamed over it. */
export async function renamedConfig(text: string): Promise<ConfigFile> {
  const file = await writeConfig(text);
  return {
    ...file,
    async write(next) {
      const other = file.sibling('next');
      await writeFile(other, next);
      await rename(other, file.path);
    },
  };
}

/** A mounted ConfigMap: the file is a symlink into `..data`, itself one to a folder for each version. */
export async function mountedConfig(text: string): Promise<ConfigFile> {
  const file = await writeConfig(text);
  const name = file.path.slice(file.sibling('').length);
  let version = 0;
  const put = async (next: string) => {
    const folder = `..version-${++version}`;
    await mkdir(file.sibling(folder));
    await writeFile(`${file.sibling(folder)}/${name}`, next);
    await symlink(folder, file.sibling('..data_tmp'));
    await rename(file.sibling('..data_tmp'), file.sibling('..data'));
    if (version > 1) await rm(file.sibling(`..version-${version - 1}`), { recursive: true });
  };
  await put(text);
  await rm(file.path);
  await symlink(`..data/${name}`, file.path);
  return { ...file, write: put };
}
