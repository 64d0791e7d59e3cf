import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { describeSettings } from './config.ts';
import { describeFaults } from './faults/describe-faults.ts';

// After a change of a schema, copy what the failure shows as expected.
test.each([
  ['switches', '| switch |', describeFaults],
  ['settings', '| variable |', describeSettings],
])('the table of %s in README.md is the one drawn from the schema', async (_, head, describe) => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const table = readme.slice(readme.indexOf(head)).split('\n\n')[0]?.trim();
  expect(table).toBe(describe());
});
