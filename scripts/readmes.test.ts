import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';

const folders = ['apps', 'packages'].flatMap((parent) => readdirSync(parent).map((name) => path.join(parent, name)));
const members = folders.filter((folder) => existsSync(path.join(folder, 'package.json')));

/** One row of the table at the top of a README. */
const row = (text: string, name: string): string => new RegExp(`^\\| ${name} \\| (.+) \\|$`, 'm').exec(text)?.[1] ?? '';

/** Returns the workspace packages among the run-time dependencies of a package.json, without their scope. */
function needsOf(folder: string): string[] {
  // The form of every package.json.
  const { dependencies = {} } = JSON.parse(readFileSync(path.join(folder, 'package.json'), 'utf8')) as {
    dependencies?: Record<string, string>;
  };
  return Object.keys(dependencies).flatMap((name) => (name.startsWith('@darkroom/') ? [name.slice('@darkroom/'.length)] : []));
}

const packageNames = new Set(members.map((folder) => path.basename(folder)));

test.each(members)('the README of %s names its purpose, its entry, and its workspace dependencies', (folder) => {
  const text = readFileSync(path.join(folder, 'README.md'), 'utf8');
  expect(row(text, 'keeps')).not.toBe('');
  const entries = [...row(text, 'entry').matchAll(/`(src\/[^`]+)`/g)].map(([, file = '']) => file);
  expect(entries.length).toBeGreaterThan(0);
  for (const file of entries) expect(existsSync(path.join(folder, file)), file).toBe(true);
  const named = [...row(text, 'may import').matchAll(/`([\w-]+)`/g)].map(([, name = '']) => name).filter((name) => packageNames.has(name));
  expect(named.toSorted()).toEqual(needsOf(folder).toSorted());
});
