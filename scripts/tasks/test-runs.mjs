// Runs Vitest once and counts its results.
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { testEnvironment } from './environment.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {{ testResults: { name: string, status: string, assertionResults: { status: string }[] }[] }} VitestReport The part of its JSON report that we read. */

/** The Vitest projects of each run. A test of minutes is named `*.slow.test.ts`, a longer one `*.prove.test.ts`. */
export const testRuns = /** @type {const} */ ({ test: ['packages', 'e2e'], 'test:slow': ['slow', 'slow-alone'], prove: ['prove'] });

/** @param {VitestReport} report @returns {Counts} */
export function countsOf({ testResults }) {
  const statuses = testResults.flatMap(({ status, assertionResults }) => {
    const each = assertionResults.map((test) => test.status);
    // A file that failed to load, or whose teardown failed, counts as failed even without a failed test.
    return status === 'failed' && !each.includes('failed') ? [...each, 'failed'] : each;
  });
  const passed = statuses.filter((status) => status === 'passed').length;
  const failed = statuses.filter((status) => status === 'failed').length;
  return { passed, failed, skipped: statuses.length - passed - failed };
}

/** Returns the files with a failure. @param {VitestReport} report */
export const failedFilesOf = ({ testResults }) =>
  testResults.filter((file) => countsOf({ testResults: [file] }).failed > 0).map(({ name }) => path.relative('.', name));

/** @param {Counts[]} all @returns {Counts} */
export const sumCounts = (all) =>
  all.reduce((sum, one) => ({ passed: sum.passed + one.passed, failed: sum.failed + one.failed, skipped: sum.skipped + one.skipped }));

/** @param {Counts} counts */
export const formatCounts = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;

/**
 * @param {keyof typeof testRuns} name
 * @param {import('./tasks.mjs').TaskContext} context Its `args` go to Vitest and name files or tests.
 * @returns {Promise<{ code: number, counts: Counts, failedFiles: string[] }>} `failedFiles` is empty after a failure outside of every file.
 */
export async function runTests(name, { args, processes, env }) {
  const file = `.local/test-results/${name.replace(':', '-')}.json`;
  rmSync(file, { force: true });
  const projects = testRuns[name].flatMap((project) => ['--project', project]);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const { code } = await processes.run({
    command: process.execPath,
    args: ['node_modules/vitest/vitest.mjs', 'run', ...projects, ...reporters, '--passWithNoTests', ...args],
    env: testEnvironment(env),
  });
  /** @type {VitestReport} */
  let report = { testResults: [] };
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {} // Vitest ended before it wrote the report
  const counts = countsOf(report);
  // An error outside of every test also fails the run, so the count must show it.
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return { code, counts, failedFiles: failedFilesOf(report) };
}
