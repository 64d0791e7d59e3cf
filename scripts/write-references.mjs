// Writes the project references of the build from the dependencies of each package.json: `node scripts/write-references.mjs`. The native
// compiler then builds the whole tree in one process, in order, and only what has changed.
import { readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { isDeepStrictEqual } from 'node:util';
import { projectFiles } from './tasks/references.mjs';

process.chdir(fileURLToPath(new URL('..', import.meta.url)));
for (const [file, text] of projectFiles()) {
  // The formatter decides the layout, so only the content is compared.
  if (!isDeepStrictEqual(JSON.parse(readFileSync(file, 'utf8')), JSON.parse(text))) {
    writeFileSync(file, text);
    console.log(`wrote ${file}`);
  }
}
