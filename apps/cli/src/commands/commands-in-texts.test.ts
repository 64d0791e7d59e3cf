import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, test } from 'vitest';
import { longOf } from './input.ts';
import { commands } from './table.ts';

/** Texts of the repository name commands; each must be one that the command line takes. */
const root = path.resolve(import.meta.dirname, '../../../..');
const files = execFileSync('git', ['ls-files', '*.ts', '*.md', '*.mjs', '*.yaml'], { cwd: root, encoding: 'utf8' })
  .split('\n')
  .filter((file) => file !== '' && !/\.test\.ts$|CHANGELOG\.md$/.test(file));

/** A command in backticks or after a colon is whole; elsewhere words of a sentence may follow it. A namespace of Kubernetes has the same name. */
const named = /(?<before>`|: |^|[ "'(])(?:npx )?darkroom (?<words>[a-z][^`'"\n;:.)(|,#\\$={}]*)/gm;
const ofKubernetes = /-n darkroom|namespace darkroom|generic darkroom|name darkroom/;

function problemOf(words: string, isWhole: boolean): string | undefined {
  const [name = '', ...rest] = words.trim().split(/\s+/);
  const entry = commands.find((each) => each.name === name);
  if (entry === undefined) return isWhole && name !== 'help' ? `there is no command "${name}"` : undefined;
  const places = Object.values(entry.arguments ?? {});
  let left = places.some(({ isVariadic }) => isVariadic === true) ? Infinity : places.length;
  for (let at = 0; at < rest.length; at += 1) {
    const word = rest[at] ?? '';
    const [, option] = Object.entries(entry.options ?? {}).find(([key, { short }]) => word === longOf(key) || word === `-${short}`) ?? [];
    if (option !== undefined) at += option.placeholder === undefined ? 0 : 1;
    else if (/^--?[a-z]/.test(word) && !['--json', '--quiet', '--help'].includes(word)) return `"${name}" has no option ${word}`;
    else if (!isWhole && !word.startsWith('<')) return undefined;
    else if (!word.startsWith('--') && !/^[>…]/.test(word) && (left -= 1) < 0) return `"${name}" takes no "${word}"`;
  }
  return undefined;
}

test('each command that a text names is one that the command line takes', () => {
  const found = files.flatMap((file) =>
    [...readFileSync(path.join(root, file), 'utf8').matchAll(named)]
      .filter(({ 0: whole, index, input }) => !ofKubernetes.test(input.slice(Math.max(0, index - 12), index + whole.length)))
      .map(({ groups = {} }) => ({ file, words: groups['words'] ?? '', isWhole: /^(`|: )$/.test(groups['before'] ?? '') })),
  );
  expect(found.length).toBeGreaterThan(150);
  const problems = found.flatMap(({ file, words, isWhole }) => {
    const problem = problemOf(words, isWhole);
    return problem === undefined ? [] : [`${file}: darkroom ${words}: ${problem}`];
  });
  expect(problems).toEqual([]);
});
