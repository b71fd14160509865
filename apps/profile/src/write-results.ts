/** What is left on disk: a file per process for DevTools, the page, and the top lists. */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { renderFlamePage } from './page/document.ts';
import type { Results } from './results.ts';
import { topText } from './top-text.ts';

/** Writes everything below `folder`, and returns the files' paths. */
export function writeResults(results: Results, folder: string): string[] {
  const files = results.processes.map(({ taken }) => ({
    name: `${taken.pid}-${taken.name}.cpuprofile`,
    text: taken.json,
  }));
  files.push(
    { name: 'flame.html', text: renderFlamePage(pageData(results)) },
    { name: 'top.md', text: topText(results) },
  );
  mkdirSync(folder, { recursive: true });
  return files.map(({ name, text }) => {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  });
}

function pageData({ processes, ...rest }: Results) {
  return {
    ...rest,
    processes: processes.map(({ taken, tree }) => ({
      label: `${taken.name} ${taken.pid}`,
      durationMs: taken.info.durationMs,
      cpuMs: taken.info.cpuMs,
      tree,
    })),
  };
}
