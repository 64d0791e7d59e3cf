// The tasks of `npm run <name>` and `node scripts/run.mjs --help`, by name.
import path from 'node:path';
import { install, programsOf } from './make-ready.mjs';
import { formatCounts, runTests, TEST_PROGRAMS } from './test-runs.mjs';
import { verify } from './verify.mjs';

/** @typedef {import('./processes.mjs').ProcessRunner} ProcessRunner */
/** @typedef {{ args: string[], env: import('./environment.mjs').Environment, processes: ProcessRunner }} TaskContext `args` follow the name. */
/** @typedef {(context: TaskContext) => Promise<number>} Run Returns an exit code. */
/** @typedef {{ does: string, prepare?: Run, run: Run }} Task `prepare` runs first, by default `installAndBuild`. */

/** @type {Record<string, Task>} */
export const tasks = {
  start: darkroom('starts the whole system here, and buys three images from the emulator; `-- --once` stops by itself', 'start'),
  darkroom: darkroom('shows and controls a running Darkroom: `-- status`, `-- pause`, `-- resume`; `-- --help` says more'),
  spend: darkroom('shows spent and held money beside the caps; `-- --tenant <name>` for one tenant', 'spend'),
  reconcile: darkroom('compares jobs, entries, money and S3 once, repairs, and names what needs a person', 'reconcile'),
  rebuild: darkroom('fills a Redis that lost its memory from the bucket, and opens it; `-- --help`', 'rebuild'),
  probe: darkroom('asks the provider what its documentation leaves open, for at most `-- --max-usd 0.50`', 'probe'),
  faults: {
    does: 'kills every part while orders arrive, and compares the result with the bill; `-- --help`',
    run: async (context) =>
      node('packages/testing/dist/fault-run/main.js')({ ...context, env: { ...context.env, [TEST_PROGRAMS]: await programsOf(context) } }),
  },
  bench: program('measures what an image costs beside the workers of others; `-- --help`', 'packages/bench/dist/main.js'),
  pack: program('writes the command line and the producer as packages; the last two lines are their tarballs', 'scripts/pack.mjs'),
  release: program('with `-- --dry-run` writes what a release holds; the last line is the folder', 'scripts/release.mjs'),
  emulator: program('starts the Runware emulator alone; `-- --help`', 'apps/runware-emulator/dist/main.js'),
  docs: program('writes the parts of README.md and docs/ that come from the code', 'scripts/write-docs.mjs'),
  test: tests('test', 'runs every test except the slow ones; arguments go to Vitest: a part of a path, `-t <name>`'),
  'test:slow': tests('test:slow', 'runs the tests that take minutes (`*.slow.test.ts`, `e2e`)'),
  prove: tests('prove', 'runs the proofs that take too long for CI (`*.prove.test.ts`); arguments go to Vitest'),
  verify: { does: 'runs what CI runs: every script `check:…` of package.json, tests, slow tests; stops at the first failure', run: verify },
  build: { does: 'installs and compiles', run: async () => 0 },
  format: { does: 'formats every file', prepare: install, run: node('node_modules/oxfmt/bin/oxfmt') },
  lint: { does: 'lints; `-- --fix` corrects what it safely can', prepare: install, run: node('node_modules/oxlint/bin/oxlint') },
};

/** Returns the text of `--help`. */
export function helpText() {
  const lines = Object.entries(tasks).map(([name, { does }]) => `  ${name.padEnd(11)}${does}`);
  return ['npm run <task> [-- arguments], or: node scripts/run.mjs <task> [arguments]', '', ...lines].join('\n');
}

/** @param {string} does @param {string[]} words The program and its first words. @returns {Task} */
function program(does, ...words) {
  return { does, run: node('--enable-source-maps', ...words) };
}

/** @param {string} does @param {string[]} words The first words of a command line. @returns {Task} */
function darkroom(does, ...words) {
  return { does, run: async (context) => node(path.join(await programsOf(context), 'apps/cli/dist/main.js'), ...words)(context) };
}

/** @param {string[]} first @returns {Run} */
function node(...first) {
  return async ({ processes, env, args }) => (await processes.run({ command: process.execPath, args: [...first, ...args], env })).code;
}

/** @param {keyof typeof import('./test-runs.mjs').testRuns} name @param {string} does @returns {Task} */
function tests(name, does) {
  const run = async (/** @type {TaskContext} */ context) => {
    const { code, counts } = await runTests(name, context);
    console.log(formatCounts(counts));
    return code;
  };
  return { does, run };
}
