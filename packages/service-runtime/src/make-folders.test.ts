import { mkdtempSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { makeFolders } from './make-folders.ts';

function makeRoot(): string {
  const root = mkdtempSync(path.join(tmpdir(), 'make-folders-'));
  onTestFinished(() => rmSync(root, { recursive: true }));
  return root;
}

test('makes what is missing, and takes what exists', () => {
  const folder = path.join(makeRoot(), 'a', 'b', 'c');
  makeFolders(folder, 0o700);
  makeFolders(folder);
  expect([folder, path.dirname(folder)].map((each) => statSync(each).mode & 0o777)).toEqual([0o700, 0o700]);
});

test('a folder that cannot be made is an error, and never an endless loop', () => {
  const root = makeRoot();
  writeFileSync(path.join(root, 'file'), '');
  symlinkSync('nowhere', path.join(root, 'link'));
  for (const [folder, code] of [
    ['/proc/darkroom/images', 'ENOENT'],
    [path.join(root, 'file'), 'EEXIST'],
    [path.join(root, 'file', 'below'), 'ENOTDIR'],
    [path.join(root, 'link'), 'EEXIST'],
    [path.join(root, 'link', 'below'), 'EEXIST'],
  ] as const)
    expect(() => makeFolders(folder), folder).toThrow(expect.objectContaining({ code }));
});
