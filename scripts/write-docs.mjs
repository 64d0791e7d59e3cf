// Writes the generated parts of README.md and docs/, and infra/redis/darkroom.acl (`npm run docs`). A test finds them out of date.
import { readFileSync, writeFileSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { documents, fillParts, renderAclFile, renderParts } from './docs/generated-parts.mjs';

const contracts = await import(pathToFileURL('packages/contracts/dist/index.js').href);
const store = await import(pathToFileURL('packages/generation-store/dist/index.js').href);
const { renderCommands } = await import(pathToFileURL('apps/cli/dist/commands/reference-page.js').href);
const parts = renderParts({
  ...contracts,
  ...store,
  firstJob: readFileSync('examples/first-job/first-job.mjs', 'utf8'),
  ownApi: readFileSync('examples/fastify/fastify.mjs', 'utf8'),
  commandLine: renderCommands(),
});
for (const file of documents) {
  const text = readFileSync(file, 'utf8');
  const filled = fillParts(text, parts);
  if (filled === text) continue;
  writeFileSync(file, filled);
  console.log(`wrote ${file}`);
}
writeFileSync('infra/redis/darkroom.acl', renderAclFile(store));
