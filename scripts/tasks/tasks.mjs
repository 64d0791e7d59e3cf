// The tasks of `npm run <name>` and `node scripts/run.mjs --help`, by name.
import { formatCounts, runTests } from './test-runs.mjs';
import { install } from './make-ready.mjs';
import { verify } from './verify.mjs';

/**
 * @typedef {object} TaskContext
 * @property {string[]} args Words after the name of the task.
 * @property {import('./environment.mjs').Environment} env
 * @property {import('./processes.mjs').ProcessRunner} processes
 */
/**
 * `prepare` runs first, by default `installAndBuild`. Both return an exit code.
 * @typedef {{ does: string, prepare?: typeof install, run(context: TaskContext): Promise<number> }} Task
 */

const cli = 'apps/cli/dist/main.js';

/** Tasks that are a program of this repository: what each does, then the words that start it. @type {Record<string, readonly string[]>} */
const programs = {
  start: [
    'starts the whole system on loopback, buys three images from the emulator and runs until Ctrl-C; `--once` stops by itself',
    cli,
    'start',
  ],
  darkroom: [
    'shows and controls a running Darkroom: `-- status`, `-- pause`, `-- resume`, `-- spend`, `-- unknown`, `-- doctor`; `-- --help` says more',
    cli,
  ],
  spend: ['shows spent and held money beside the caps; `-- --tenant <name>` for one tenant', cli, 'spend'],
  reconcile: ['compares jobs, entries, money and S3 once, repairs disagreements, and names those that need a person', cli, 'reconcile'],
  rebuild: ['fills a Redis that lost its memory from the bucket, and opens it; `-- --days 35`, `-- --skip-corrupt`', cli, 'rebuild'],
  probe: ['asks the provider what its documentation leaves open, for at most `-- --max-usd 0.50`', cli, 'probe'],
  faults: [
    'kills, freezes and cuts off every part while orders arrive, and compares the result with the bill: `-- --generations 2000 --seed 7`',
    'packages/testing/dist/fault-run/main.js',
  ],
  bench: [
    'measures what an image costs beside the workers that most people write; `-- --quick`, `-- --compare <commit>`, `-- --help`',
    'packages/bench/dist/main.js',
  ],
  pack: [
    'writes the installable packages of the command line and of the producer; the last two lines are the paths of their tarballs',
    'scripts/pack.mjs',
  ],
  release: ['with `-- --dry-run` writes what a release holds, and publishes nothing; the last line is the folder', 'scripts/release.mjs'],
  emulator: ['starts the Runware emulator alone; `--help` lists its options', 'apps/runware-emulator/dist/main.js'],
  docs: ['writes the parts of README.md and docs/ that come from the code', 'scripts/write-docs.mjs'],
};

/** @type {Record<string, Task>} */
export const tasks = {
  ...Object.fromEntries(
    Object.entries(programs).map(([name, [does = '', ...words]]) => [name, { does, run: node('--enable-source-maps', ...words) }]),
  ),
  test: { does: 'runs every test except the slow ones; arguments go to Vitest: a part of a path, `-t <name>`', run: test('test') },
  'test:slow': { does: 'runs the tests that take minutes (`*.slow.test.ts`)', run: test('test:slow') },
  prove: { does: 'runs the proofs that take too long for CI and `verify` (`*.prove.test.ts`); arguments go to Vitest', run: test('prove') },
  verify: { does: 'runs what CI runs: every script `check:…` of package.json, tests, slow tests; stops at the first failure', run: verify },
  build: { does: 'installs and compiles', run: async () => 0 },
  format: { does: 'formats every file', prepare: install, run: node('node_modules/oxfmt/bin/oxfmt') },
  lint: { does: 'lints; `--fix` corrects what it safely can', prepare: install, run: node('node_modules/oxlint/bin/oxlint') },
};

/** Returns the text of `--help`. */
export function helpText() {
  const lines = Object.entries(tasks).map(([name, { does }]) => `  ${name.padEnd(11)}${does}`);
  return ['npm run <task> [-- arguments], or: node scripts/run.mjs <task> [arguments]', '', ...lines].join('\n');
}

/** @param {string[]} first @returns {Task['run']} */
function node(...first) {
  return async ({ processes, env, args }) => (await processes.run({ command: process.execPath, args: [...first, ...args], env })).code;
}

/** @param {keyof typeof import('./test-runs.mjs').testRuns} name @returns {Task['run']} */
function test(name) {
  return async (context) => {
    const { code, counts } = await runTests(name, context);
    console.log(formatCounts(counts));
    return code;
  };
}
