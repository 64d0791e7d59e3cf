// Compares the lines of each package and app with docs/ceilings.md. With --write it sets each ceiling to the current lines, rounded up.
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

const PAGE = 'docs/ceilings.md';

/** @typedef {{ production: number, tests: number }} Lines */

/** @param {string} folder @returns {string[]} */
const filesUnder = (folder) =>
  readdirSync(folder, { withFileTypes: true }).flatMap((entry) => {
    const file = path.posix.join(folder, entry.name);
    if (entry.isDirectory()) return ['node_modules', 'dist', 'fixtures'].includes(entry.name) ? [] : filesUnder(file);
    return /\.(ts|mjs)$/.test(entry.name) ? [file] : [];
  });

/** Counts the lines of one package or app; tests are its folders `test` and `e2e`, and every `*.test.ts`. @param {string} room @returns {Lines} */
function linesOf(room) {
  const lines = { production: 0, tests: 0 };
  for (const file of filesUnder(room)) {
    const isTest = file.endsWith('.test.ts') || /^(apps|packages)\/[^/]+\/(test|e2e)\//.test(file);
    lines[isTest ? 'tests' : 'production'] += readFileSync(file, 'utf8').split('\n').length - 1;
  }
  return lines;
}

const rooms = ['apps', 'packages']
  .flatMap((parent) => readdirSync(parent).map((name) => `${parent}/${name}`))
  .filter((room) => existsSync(path.join(room, 'package.json')))
  .concat('scripts');
const row = /^\| `((?:apps|packages)\/[\w-]+|scripts)` \| ([\d,]+) \| ([\d,]+) \|$/gm;

if (process.argv.includes('--write')) {
  /** @param {number} lines */
  const rounded = (lines) => (Math.ceil(lines / 50) * 50).toLocaleString('en-US');
  const rows = rooms.map((room) => {
    const { production, tests } = linesOf(room);
    return `| \`${room}\` | ${rounded(production)} | ${rounded(tests)} |`;
  });
  const [head, rest] = readFileSync(PAGE, 'utf8').split(/(?<=\|---\|---:\|---:\|\n)(?:\| `.+\n)*/);
  writeFileSync(PAGE, `${head}${rows.join('\n')}\n${rest}`);
} else {
  /** @param {string} number */
  const parse = (number) => Number(number.replaceAll(',', ''));
  const ceilings = new Map(
    [...readFileSync(PAGE, 'utf8').matchAll(row)].map(([, room = '', production = '', tests = '']) => [
      room,
      { production: parse(production), tests: parse(tests) },
    ]),
  );
  for (const room of new Set([...rooms, ...ceilings.keys()])) {
    const ceiling = ceilings.get(room);
    const isThere = rooms.includes(room);
    if (ceiling === undefined || !isThere) console.log(`${PAGE} and the folders disagree about "${room}"`);
    const lines = isThere ? linesOf(room) : { production: 0, tests: 0 };
    for (const kind of /** @type {const} */ (['production', 'tests'])) {
      if (ceiling !== undefined && lines[kind] > ceiling[kind])
        console.log(`${room} has ${lines[kind]} lines of ${kind}, and its ceiling in ${PAGE} is ${ceiling[kind]}`);
    }
    if (ceiling === undefined || !isThere || lines.production > ceiling.production || lines.tests > ceiling.tests) process.exitCode = 1;
  }
}
