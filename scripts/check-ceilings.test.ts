import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';

/** Creates a repository with one package of 3 lines of code and 2 of tests, and a table of ceilings. */
function setup(...rows: string[]) {
  const root = mkdtempSync(path.join(tmpdir(), 'darkroom-ceilings-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  for (const folder of ['apps', 'scripts', 'docs', 'packages/one/src', 'packages/one/test'])
    mkdirSync(path.join(root, folder), { recursive: true });
  writeFileSync(path.join(root, 'packages/one/package.json'), '{}');
  writeFileSync(path.join(root, 'packages/one/src/one.ts'), 'a\nb\nc\n');
  writeFileSync(path.join(root, 'packages/one/src/one.test.ts'), 'a\n');
  writeFileSync(path.join(root, 'packages/one/test/world.ts'), 'a\n');
  cpSync('scripts/check-ceilings.mjs', path.join(root, 'check-ceilings.mjs'));
  const page = path.join(root, 'docs/ceilings.md');
  writeFileSync(page, ['| room | production | tests |', '|---|---:|---:|', ...rows, '', 'The end.', ''].join('\n'));
  const run = (...args: string[]) => spawnSync(process.execPath, ['check-ceilings.mjs', ...args], { cwd: root, encoding: 'utf8' });
  return { run, page };
}

test('a package at its ceiling passes, and one more line of code or of tests fails', () => {
  expect(setup('| `packages/one` | 3 | 2 |', '| `scripts` | 0 | 0 |').run().status).toBe(0);
  const { status, stdout } = setup('| `packages/one` | 2 | 1 |', '| `scripts` | 0 | 0 |').run();
  expect(status).toBe(1);
  expect(stdout).toContain('packages/one has 3 lines of production, and its ceiling in docs/ceilings.md is 2');
  expect(stdout).toContain('packages/one has 2 lines of tests');
});

test('a package without a ceiling and a ceiling without a package fail', () => {
  const { status, stdout } = setup('| `packages/gone` | 2 | 1 |', '| `scripts` | 0 | 0 |').run();
  expect(status).toBe(1);
  expect(stdout).toMatch(/disagree about "packages\/one"[\s\S]*disagree about "packages\/gone"/);
});

test('--write sets each ceiling to the current lines, rounded up, and leaves the rest of the page', () => {
  const { run, page } = setup('| `packages/gone` | 2 | 1 |');
  expect(run('--write').status).toBe(0);
  expect(readFileSync(page, 'utf8')).toContain('|---|---:|---:|\n| `packages/one` | 50 | 50 |\n| `scripts` | 0 | 0 |\n\nThe end.\n');
  expect(run().status).toBe(0);
});
