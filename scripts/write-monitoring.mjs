// Writes the generated files of infra/monitoring. `npm run check:monitoring` finds them out of date.
import { writeFileSync } from 'node:fs';
import { renderFiles } from './monitoring/files.mjs';

for (const [file, text] of Object.entries(renderFiles())) writeFileSync(file, text);
