import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { projectFiles } from './tasks/references.mjs';

test.each(projectFiles())('%s refers to what its package.json depends on (else: node scripts/write-references.mjs)', (file, text) => {
  expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(JSON.parse(text));
});
