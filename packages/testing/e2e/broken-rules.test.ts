import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { repositoryRoot } from '../src/built-apps/built-apps.ts';
import { brokenRules } from './broken-rules.ts';

test.each(brokenRules)('the built code holds each place at which the proof breaks $rule', async ({ breakages }) => {
  for (const { file, find } of breakages) {
    const code = await readFile(join(repositoryRoot, file), 'utf8');
    expect(code.split(find).length - 1, `${String(find)} in ${file}`).toBe(1);
  }
});
