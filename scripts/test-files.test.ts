import { spawnSync } from 'node:child_process';
import { readdirSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { expect, test } from 'vitest';
import { longestFiles } from '../packages/testing/src/longest-files.ts';
import { testRuns } from './tasks/test-runs.mjs';

interface Run {
  file: string;
  projectName: string;
}

/** Lists every file that Vitest would run, with the name of its project. */
function listRuns(): Run[] {
  const { stdout } = spawnSync(process.execPath, ['node_modules/vitest/vitest.mjs', 'list', '--filesOnly', '--json'], {
    encoding: 'utf8',
    maxBuffer: 1 << 24,
  });
  const runs = JSON.parse(stdout) as Run[]; // as `vitest list --filesOnly --json` prints it
  return runs.map(({ file, projectName }) => ({ file: relative('.', file), projectName }));
}

/** Finds files that are named as tests, without folders that hold no source of ours. */
const findTestFiles = (folder: string): string[] =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'dist', 'fixtures'].includes(entry.name) ? [] : findTestFiles(path);
    return entry.name.endsWith('.test.ts') ? [path] : [];
  });

test('each test file is in exactly one run, by its name and folder', () => {
  const runs = listRuns();
  expect(runs.map(({ file }) => file).toSorted()).toEqual(['apps', 'packages', 'scripts'].flatMap(findTestFiles).toSorted());
  for (const { file, projectName } of runs) {
    const expected = file.endsWith('.prove.test.ts')
      ? 'prove'
      : file.endsWith('.slow.test.ts') || file.split(sep).includes('e2e')
        ? expect.stringMatching(/^slow(-alone)?$/)
        : 'packages';
    expect(projectName, file).toEqual(expected);
  }
});

test('each project is in some run', () => {
  expect(Object.values(testRuns).flat().toSorted()).toEqual(['packages', 'prove', 'slow', 'slow-alone']);
});

test('each file of the list of longest files exists', () => {
  const files = ['apps', 'packages', 'scripts'].flatMap(findTestFiles).map((file) => file.replaceAll(sep, '/'));
  expect(longestFiles.filter((end) => !files.some((file) => file.endsWith(end)))).toEqual([]);
});
