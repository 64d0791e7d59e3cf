// Writes the project references of the build from the dependencies of each package.json: `node scripts/write-references.mjs`, then
// `npm run format`. The native compiler then builds the whole tree in one process, in order, and only what has changed.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { projectFiles } from './references.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
for (const [file, content] of projectFiles()) {
  if (isDeepStrictEqual(JSON.parse(readFileSync(file, 'utf8')), content)) continue;
  writeFileSync(file, JSON.stringify(content));
  console.log(`wrote ${file}`);
}
