/** Makes the front end one script and one style sheet. */
import { readFile } from 'node:fs/promises';
import { dirname, extname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, stop } from 'esbuild';
import { pageStyle } from './style.ts';

export interface Bundle {
  readonly script: string;
  readonly style: string;
}

let bundle: Promise<Bundle> | undefined;

/** The front end, bundled once per process. */
export function bundlePage(): Promise<Bundle> {
  bundle ??= makeBundle();
  return bundle;
}

async function makeBundle(): Promise<Bundle> {
  // This file is a .ts in the repository and a .js in `dist`, and so is the entry.
  const entry = fileURLToPath(new URL('./browser/page.ts', import.meta.url));
  const uplotStyleFile = fileURLToPath(import.meta.resolve('uplot/dist/uPlot.min.css'));
  const licence = await readFile(join(dirname(uplotStyleFile), '../LICENSE'), 'utf8');
  const [script, uplotStyle] = await Promise.all([
    bundleScript(entry.replace(/\.ts$/, extname(import.meta.url))),
    readFile(uplotStyleFile, 'utf8'),
  ]);
  // The licence of uPlot asks to go with every copy, and a report is one.
  return {
    script: `/* uPlot: ${licence.trim()} */\n${script}`,
    style: `${uplotStyle}\n${pageStyle}`,
  };
}

async function bundleScript(entry: string): Promise<string> {
  try {
    const { outputFiles } = await build({
      entryPoints: [entry],
      bundle: true,
      write: false,
      minify: true,
      format: 'iife',
      platform: 'browser',
      target: 'es2023',
      charset: 'utf8',
      legalComments: 'none',
      logLevel: 'silent',
    });
    return (outputFiles[0] as { readonly text: string }).text;
  } finally {
    // esbuild keeps a process of its own running, in case there is more to build.
    await stop();
  }
}
