import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { projectFiles } from './references.mjs';

test.each(projectFiles())(
  '%s refers to the dependencies in its package.json (else: node scripts/write-references.mjs)',
  (file, content) => {
    expect(JSON.parse(readFileSync(file, 'utf8'))).toEqual(content);
  },
);

test('each package and app builds, tests and checks its types by the same three scripts', () => {
  for (const [file] of projectFiles().filter(([each]) => each.includes('/'))) {
    const folder = path.dirname(file);
    const { scripts } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as { scripts: Record<string, string> }; // its form
    expect([folder, Object.keys(scripts)]).toEqual([folder, ['build', 'check:types', 'test']]);
    expect(scripts['test']).toBe(`node ../../scripts/run.mjs test ${folder}/`);
  }
});
