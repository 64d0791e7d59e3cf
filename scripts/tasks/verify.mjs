// Runs every check that a change must pass: each script `check:…` of package.json, then the tests. CI runs only this.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { formatCounts, runTests } from './test-runs.mjs';

/** @typedef {import('./tasks.mjs').TaskContext} TaskContext */

/** More failed files than this are not an accident. */
const MAX_FILES_AGAIN = 3;
/** Proofs by chance, never run a second time: one failure is one too many. */
const proofs = /fault-run|crash-points|any-order|\/judge\//;

/** Returns true if these failed files run once more, alone: a machine that stood still may fail a deadline. @param {readonly string[]} files */
export const isRunAgain = (files) => files.length > 0 && files.length <= MAX_FILES_AGAIN && !files.some((file) => proofs.test(file));

/** @param {TaskContext} context Installed and built. @returns {Promise<number>} The exit code. */
export async function verify(context) {
  const began = performance.now();
  const total = { passed: 0, failed: 0, skipped: 0 };
  const runs = (await runChecks(context)) ? /** @type {const} */ (['test', 'test:slow']) : [];
  for (const name of runs) {
    const start = performance.now();
    const { code, counts, failures } = await runSteadily(name, { ...context, args: [] });
    tell(name, code, start);
    for (const failure of failures) console.log(`  failed: ${failure}`);
    total.passed += counts.passed;
    total.failed += counts.failed + Number(name === 'test' && isAboveMinutes('npm test', start));
    total.skipped += counts.skipped;
    if (code !== 0) break;
  }
  // No test at all: look at `include` in vitest.config.ts.
  total.failed += Number(total.passed === 0) + Number(isAboveMinutes('npm run verify', began));
  console.log(formatCounts(total));
  return total.failed === 0 ? 0 : 1;
}

/** Runs the checks, two at a time, and prints the output of each that fails. @param {TaskContext} context @returns {Promise<boolean>} True if all pass. */
async function runChecks({ processes, env }) {
  /** @type {{ scripts: Record<string, string> }} */
  const { scripts } = JSON.parse(readFileSync('package.json', 'utf8'));
  const PATH = `${path.resolve('node_modules/.bin')}${path.delimiter}${env['PATH'] ?? ''}`;
  const left = Object.entries(scripts).filter(([name]) => name.startsWith('check:'));
  let isGood = true;
  const runSome = async () => {
    for (let next = left.shift(); next !== undefined && isGood; next = left.shift()) {
      const [[name, command], start] = [next, performance.now()];
      const { code, output } = await processes.run({ command, args: [], env: { ...env, PATH }, capture: true, shell: true });
      tell(name, code, start);
      isGood &&= code === 0;
      if (code !== 0) console.log(`${output}\n  again: npm run ${name}`);
      // A check that cannot check everything on this machine prints a note.
      else for (const [note] of output.matchAll(/^not checked: .*$/gm)) console.log(`  ${note}`);
    }
  };
  await Promise.all([runSome(), runSome()]);
  return isGood;
}

/** Prints a line and returns true if a run took longer than docs/ceilings.md allows. @param {string} run @param {number} start */
function isAboveMinutes(run, start) {
  const minutes = (performance.now() - start) / 60_000;
  const ceiling = Number(new RegExp(`^\\| \`${run}\` \\| (\\d+) \\|$`, 'm').exec(readFileSync('docs/ceilings.md', 'utf8'))?.[1]);
  if (minutes <= ceiling) return false;
  console.log(`${run} took ${minutes.toFixed(1)} minutes, and its ceiling in docs/ceilings.md is ${ceiling}`);
  return true;
}

/** Runs tests; a few failed files once more, alone, and names them. @param {'test' | 'test:slow'} name @param {TaskContext} context */
async function runSteadily(name, context) {
  const first = await runTests(name, context);
  if (first.code === 0 || !isRunAgain(first.failedFiles)) return first;
  console.log(`failed; their files run once more, alone:\n${first.failures.map((failure) => `  ${failure}`).join('\n')}`);
  const { code, counts, failures } = await runTests(name, { ...context, args: first.failedFiles });
  if (code === 0) for (const file of first.failedFiles) console.log(`not steady: ${file} failed beside others and passed alone`);
  const passed = first.counts.passed + first.counts.failed - counts.failed;
  return { code, counts: { ...first.counts, passed, failed: counts.failed }, failures };
}

/** @param {string} name @param {number} code @param {number} start */
const tell = (name, code, start) =>
  console.log(`${code === 0 ? '✓' : '✗'} ${name.padEnd(18)}${`${((performance.now() - start) / 1000).toFixed(1)} s`.padStart(8)}`);
