import { readFile } from 'node:fs/promises';
import { expect, test } from 'vitest';
import { describeFaults } from './describe-faults.ts';

test('the table of switches in README.md is the one drawn from the schema', async () => {
  const readme = await readFile(new URL('../../README.md', import.meta.url), 'utf8');
  const table = readme.slice(readme.indexOf('| switch |')).split('\n\n')[0]?.trim();
  expect(table).toBe(describeFaults());
});
