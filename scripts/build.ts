/** `pnpm build`: JavaScript and types of every workspace that publishes or deploys. */
import { globSync } from 'node:fs';
import { complaintsOf } from './command.ts';

const startedMs = performance.now();
const complaints = complaintsOf('turbo', ['run', 'build', '--output-logs=errors-only']);
for (const complaint of complaints) console.error(complaint);
if (complaints.length > 0) process.exit(1);

const built = globSync('{apps,packages}/*/dist');
const seconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
console.log(`built ${built.length} workspaces in ${seconds} s`);
