// Everything that must hold before a change goes in, cheapest first. CI runs this and nothing else.
import { formatCounts, runTests, sumCounts } from './test-runs.mjs';

/** @typedef {import('./tasks.mjs').TaskContext} TaskContext */
/** @typedef {{ name: string, tool: string[], todo: string }} Check `tool` is a script and its arguments. */

/** @type {Check[]} */
export const checks = [
  { name: 'format', tool: ['node_modules/oxfmt/bin/oxfmt', '--check'], todo: 'run `npm run format`' },
  { name: 'lint', tool: ['node_modules/oxlint/bin/oxlint'], todo: 'correct the places above; the reasons are in .oxlintrc.json' },
  { name: 'types', tool: ['node_modules/tsc-native/bin/tsc', '-p', 'tsconfig.json'], todo: 'correct the places above' },
  {
    name: 'import rules',
    tool: [
      'node_modules/dependency-cruiser/bin/dependency-cruise.mjs',
      '--config',
      '.dependency-cruiser.cjs',
      'apps',
      'packages',
      'scripts',
    ],
    todo: 'read the reason of the rule in .dependency-cruiser.cjs, then move the code or pass it in',
  },
  {
    name: 'unused code',
    tool: ['node_modules/knip/bin/knip.js', '--no-progress', '--no-config-hints'],
    todo: 'delete what is named above, or use it',
  },
  { name: 'notice', tool: ['scripts/notice.mjs', '--check'], todo: 'run `node scripts/notice.mjs` and look at the licences that are new' },
  { name: 'deployment', tool: ['scripts/check-deployment.mjs'], todo: 'correct the places above; the rules are in scripts/deployment' },
];

/**
 * @param {TaskContext} context Installed and built.
 * @returns {Promise<number>} The exit code.
 */
export async function verify({ processes, steps, ...context }) {
  for (const { name, tool, todo } of checks) {
    const command = { command: process.execPath, args: tool, env: context.env, capture: true };
    const { value, seconds } = await steps.timed(() => processes.run(command));
    if (value.code !== 0) {
      process.stdout.write(value.output);
      return stop(name, seconds, todo, [{ passed: 0, failed: 1, skipped: 0 }]);
    }
    console.log(line(name, seconds));
    // A check that cannot see everything on this machine says so.
    for (const [note] of value.output.matchAll(/^not checked: .*$/gm)) console.log(`  ${note}`);
  }

  const all = [];
  for (const name of /** @type {const} */ (['test', 'test:slow'])) {
    const { value, seconds } = await steps.timed(() => runSteadily(name, { processes, steps, ...context, args: [] }));
    all.push(value.counts);
    if (value.code !== 0) return stop(name, seconds, `run the failed file alone: \`npm run ${name} -- <part of its path>\``, all);
    console.log(line(name, seconds));
  }
  const counts = sumCounts(all);
  if (counts.passed === 0) return stop('tests', '0.0 s', 'no test ran: look at `include` in vitest.config.ts', [{ ...counts, failed: 1 }]);
  console.log(formatCounts(counts));
  return 0;
}

/** More failed files than this are no accident. */
const MAX_FILES_AGAIN = 3;

/** What these find depends on chance, and one find is one too many: they are never run a second time. */
const proofs = /fault-run|crash-points|any-order|\/judge\//;

/**
 * @param {readonly string[]} files That failed.
 * @returns {boolean} Whether they are run once more, alone: a machine that stood still fails a deadline here and there.
 */
export const isRunAgain = (files) => files.length > 0 && files.length <= MAX_FILES_AGAIN && !files.some((file) => proofs.test(file));

/**
 * Runs the tests; a few files that failed are run once more, alone, and named: what fails beside others may be a fault of its own.
 *
 * @param {'test' | 'test:slow'} name
 * @param {TaskContext} context
 * @returns {Promise<{ code: number, counts: import('./test-runs.mjs').Counts }>}
 */
async function runSteadily(name, context) {
  const first = await runTests(name, context);
  if (first.code === 0 || !isRunAgain(first.failedFiles)) return first;
  console.log(`failed, and run once more alone:\n${first.failedFiles.map((file) => `  ${file}`).join('\n')}`);
  const again = await runTests(name, { ...context, args: first.failedFiles });
  const counts = { ...first.counts, passed: first.counts.passed + first.counts.failed - again.counts.failed, failed: again.counts.failed };
  if (again.code === 0) for (const file of first.failedFiles) console.log(`not steady: ${file} failed beside others and passed alone`);
  return { code: again.code, counts };
}

/**
 * @param {string} name
 * @param {string} seconds
 */
const line = (name, seconds) => `✓ ${name.padEnd(14)}${seconds.padStart(8)}`;

/**
 * @param {string} name
 * @param {string} seconds
 * @param {string} todo
 * @param {import('./test-runs.mjs').Counts[]} counts
 */
function stop(name, seconds, todo, counts) {
  console.log(`✗ ${name.padEnd(14)}${seconds.padStart(8)}\n  to do: ${todo}`);
  console.log(formatCounts(sumCounts(counts)));
  return 1;
}
