// Checks infra/monitoring: promtool reads the rules and the scrape configuration, and fires each alarm; each has its section in the runbook.
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { parse } from 'yaml';
import { readAlerts, renderFiles, rulesFile, runbook, scrapeFile, testsFile } from './monitoring/files.mjs';
import { findTools } from './monitoring/find-tools.mjs';
import { ruleProblems } from './monitoring/rule-problems.mjs';

const problems = ruleProblems(readAlerts(), readFileSync(runbook, 'utf8'), parse(readFileSync(testsFile, 'utf8')));
for (const [file, text] of Object.entries(renderFiles())) {
  if (readFileSync(file, 'utf8') !== text) problems.push(`${file} is out of date: run node scripts/write-monitoring.mjs`);
}
try {
  const { promtool } = findTools();
  for (const words of [
    ['check', 'rules', rulesFile],
    ['check', 'config', scrapeFile],
    ['test', 'rules', testsFile],
  ]) {
    const { status, stdout, stderr } = spawnSync(promtool, words, { encoding: 'utf8' });
    if (status !== 0) problems.push(`promtool ${words.join(' ')}:\n${stdout}${stderr}`);
  }
} catch (error) {
  problems.push(error instanceof Error ? error.message : String(error));
}
for (const problem of problems) console.log(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
