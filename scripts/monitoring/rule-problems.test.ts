import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { ruleProblems } from './rule-problems.mjs';

const alert = {
  alert: 'DarkroomTest',
  expr: 'up',
  labels: { severity: 'warning' },
  annotations: { runbook_url: 'docs/operations/alarms.md#darkroomtest' },
};
const fires = { expr: 'count(ALERTS{alertname="DarkroomTest",alertstate="firing"})', exp_samples: [{}] };
const tests = (...each: { expr: string; exp_samples?: unknown[] }[]) => ({ tests: [{ promql_expr_test: each }] });

test('an alarm needs a section, the right runbook, a severity and a test that fires it', () => {
  expect(ruleProblems([alert], '## DarkroomTest\n', tests(fires))).toEqual([]);
  expect(ruleProblems([{ ...alert, labels: {}, annotations: {} }], '', tests({ expr: fires.expr }))).toEqual([
    'DarkroomTest has no section in docs/operations/alarms.md',
    'DarkroomTest names another runbook',
    'DarkroomTest has no severity',
    'no test fires DarkroomTest',
  ]);
});

test('a section about an alarm that is gone is a problem', () => {
  expect(ruleProblems([], '## DarkroomGone\n', tests())).toEqual([
    'docs/operations/alarms.md describes DarkroomGone, and there is no such alarm',
  ]);
});

test('where promtool is neither installed nor to be had, the check fails with one sentence', () => {
  const cache = mkdtempSync(path.join(tmpdir(), 'darkroom-tools-'));
  onTestFinished(() => rmSync(cache, { recursive: true, force: true }));
  const program = `import { findTools } from './scripts/monitoring/find-tools.mjs'; try { findTools(${JSON.stringify(cache)}) } catch (error) { console.log(error.message) }`;
  const { stdout } = spawnSync(process.execPath, ['--input-type=module', '-e', program], {
    env: { PATH: '/nonexistent' },
    encoding: 'utf8',
  });
  expect(stdout).toBe(
    'promtool and prometheus are needed to test the alarms: install them (apt-get install --no-install-recommends prometheus), or run where apt-get can download that package\n',
  );
});
