// Runs Vitest once and says what it counted.
import { mkdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { testEnvironment } from './environment.mjs';

/** @typedef {import('./tasks.mjs').TaskContext} TaskContext */
/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {{ testResults: { name: string, status: string, assertionResults: { status: string }[] }[] }} VitestReport The part of its JSON report that is read. */

/** The Vitest projects of each run; a test file that takes minutes is named `*.slow.test.ts`, a longer one `*.prove.test.ts`. */
export const testRuns = /** @type {const} */ ({ test: ['packages', 'e2e'], 'test:slow': ['slow'], prove: ['prove'] });

/**
 * @param {VitestReport} report
 * @returns {Counts}
 */
export function countsOf(report) {
  const counts = { passed: 0, failed: 0, skipped: 0 };
  for (const { status, assertionResults } of report.testResults) {
    for (const test of assertionResults) {
      if (test.status === 'passed') counts.passed += 1;
      else if (test.status === 'failed') counts.failed += 1;
      else counts.skipped += 1;
    }
    // A file that could not be loaded, or whose teardown failed, has failed although no test of it did.
    if (status === 'failed' && assertionResults.every((test) => test.status !== 'failed')) counts.failed += 1;
  }
  return counts;
}

/**
 * @param {VitestReport} report
 * @returns {string[]} The files of which something failed.
 */
export const failedFilesOf = ({ testResults }) =>
  testResults
    .filter(({ status, assertionResults }) => status === 'failed' || assertionResults.some((test) => test.status === 'failed'))
    .map(({ name }) => path.relative('.', name));

/** @param {Counts[]} all @returns {Counts} */
export const sumCounts = (all) => ({
  passed: all.reduce((sum, { passed }) => sum + passed, 0),
  failed: all.reduce((sum, { failed }) => sum + failed, 0),
  skipped: all.reduce((sum, { skipped }) => sum + skipped, 0),
});

/** @param {Counts} counts */
export const formatCounts = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped === 0 ? '' : `, ${skipped} skipped`}`;

/**
 * @param {keyof typeof testRuns} name
 * @param {TaskContext} context Of which `args` go to Vitest, to name files or tests.
 * @returns {Promise<{ code: number, counts: Counts, failedFiles: string[] }>} `failedFiles` is empty when something failed outside of every file.
 */
export async function runTests(name, { args, processes, env }) {
  const report = `.local/test-results/${name.replace(':', '-')}.json`;
  mkdirSync('.local/test-results', { recursive: true });
  rmSync(report, { force: true });
  const projects = testRuns[name].flatMap((project) => ['--project', project]);
  const reporters = ['--reporter=default', '--reporter=json', `--outputFile.json=${report}`];
  const { code } = await processes.run({
    command: process.execPath,
    args: ['node_modules/vitest/vitest.mjs', 'run', ...projects, ...reporters, '--passWithNoTests', ...args],
    env: testEnvironment(env),
  });
  const { counts, failedFiles } = readReport(report);
  // An error outside of every test fails the run too, and so must the count.
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  return { code, counts, failedFiles };
}

/**
 * @param {string} file
 * @returns {{ counts: Counts, failedFiles: string[] }}
 */
function readReport(file) {
  try {
    const report = JSON.parse(readFileSync(file, 'utf8'));
    return { counts: countsOf(report), failedFiles: failedFilesOf(report) };
  } catch {
    return { counts: { passed: 0, failed: 1, skipped: 0 }, failedFiles: [] }; // Vitest ended before it could write
  }
}
