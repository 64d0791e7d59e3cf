// Runs Vitest once and counts its results.
import { readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { testEnvironment } from './environment.mjs';
import { programsOf } from './make-ready.mjs';

/** @typedef {{ passed: number, failed: number, skipped: number }} Counts */
/** @typedef {{ status: string, fullName?: string, failureMessages?: string[] }} TestReport */
/** @typedef {{ name: string, status: string, message?: string, assertionResults: TestReport[] }} FileReport */
/** @typedef {{ numTotalTests: number, numPassedTests: number, numFailedTests: number, testResults: FileReport[] }} Report The part that we read. */

/** The Vitest projects of each run. A test of minutes is named `*.slow.test.ts` or lies in `e2e`, a longer one is named `*.prove.test.ts`. */
export const testRuns = /** @type {const} */ ({ test: ['packages'], 'test:slow': ['slow', 'slow-alone'], prove: ['prove'] });

/** The environment variable that names the folder of the bundled programs to tests (packages/testing/src/built-apps). */
export const TEST_PROGRAMS = 'DARKROOM_TEST_APPS';

/** Counts tests, and files that failed outside of a test: while they loaded, or in their teardown. @param {Report} report @returns {Counts} */
export function countsOf({ numTotalTests, numPassedTests, numFailedTests, testResults }) {
  const files = testResults.filter((file) => file.status === 'failed' && file.assertionResults.every(({ status }) => status !== 'failed'));
  return { passed: numPassedTests, failed: numFailedTests + files.length, skipped: numTotalTests - numPassedTests - numFailedTests };
}

/** Returns a line for each failed test, with the first words of its failure: a log may keep only its last lines. @param {Report} report */
export const failuresOf = ({ testResults }) =>
  testResults
    .filter(({ status }) => status === 'failed')
    .flatMap(({ name, message = '', assertionResults }) => {
      const failed = assertionResults.filter(({ status }) => status === 'failed');
      const reasons = failed.map(({ fullName = '', failureMessages: [reason = ''] = [] }) => `${fullName}: ${reason}`);
      return (reasons.length > 0 ? reasons : [message]).map((reason) => `${path.relative('.', name)}: ${firstWordsOf(reason)}`);
    });

/** @param {string} text */
const firstWordsOf = (text) => stripVTControlCharacters(text).split('\n', 1)[0]?.slice(0, 300) ?? '';

/** @param {Counts} counts */
export const formatCounts = ({ passed, failed, skipped }) =>
  `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`;

/**
 * @param {keyof typeof testRuns} name
 * @param {import('./tasks.mjs').TaskContext} context Its `args` go to Vitest and name files or tests.
 * @returns {Promise<{ code: number, counts: Counts, failedFiles: string[], failures: string[] }>} `failedFiles` is empty after a failure
 *   outside of every file.
 */
export async function runTests(name, context) {
  const { args, processes, env } = context;
  const file = `.local/test-results/${name.replace(':', '-')}.json`;
  rmSync(file, { force: true });
  const projects = testRuns[name].map((project) => `--project=${project}`);
  const options = ['--passWithNoTests', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`];
  const words = ['node_modules/vitest/vitest.mjs', 'run', ...projects, ...options, ...args];
  const seen = { ...testEnvironment(env), [TEST_PROGRAMS]: await programsOf(context) };
  const { code } = await processes.run({ command: process.execPath, args: words, env: seen });
  /** @type {Report} */
  let report = { numTotalTests: 0, numPassedTests: 0, numFailedTests: 0, testResults: [] };
  try {
    report = JSON.parse(readFileSync(file, 'utf8'));
  } catch {} // Vitest ended before it wrote the report
  const counts = countsOf(report);
  // An error outside of every test also fails the run, so the count must show it.
  if (code !== 0 && counts.failed === 0) counts.failed = 1;
  const failed = report.testResults.filter(({ status }) => status === 'failed');
  return { code, counts, failedFiles: failed.map((each) => path.relative('.', each.name)), failures: failuresOf(report) };
}
