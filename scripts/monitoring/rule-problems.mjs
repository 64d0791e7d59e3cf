// Compares the alarms with their runbook and their tests.

/** @typedef {import('./files.mjs').Alert} Alert */
/** @typedef {{ tests: { promql_expr_test: { expr: string, exp_samples?: unknown[] }[] }[] }} AlertTests */

/**
 * Returns what is missing: a section of the runbook, or a test that fires.
 * @param {readonly Alert[]} alerts
 * @param {string} page Text of the runbook.
 * @param {AlertTests} tests
 */
export function ruleProblems(alerts, page, tests) {
  const headings = new Set([...page.matchAll(/^## (\w+)$/gm)].map(([, heading]) => heading));
  const fired = tests.tests
    .flatMap(({ promql_expr_test: each }) => each)
    .filter(({ exp_samples: samples = [] }) => samples.length > 0)
    .map(({ expr }) => expr);
  const problems = alerts.flatMap(({ alert, labels, annotations }) => [
    ...(headings.has(alert) ? [] : [`${alert} has no section in docs/operations/alarms.md`]),
    ...(annotations['runbook_url'] === `docs/operations/alarms.md#${alert.toLowerCase()}` ? [] : [`${alert} names another runbook`]),
    ...(['critical', 'warning'].includes(labels['severity'] ?? '') ? [] : [`${alert} has no severity`]),
    ...(fired.some((expr) => expr.includes(`alertname="${alert}",alertstate="firing"`)) ? [] : [`no test fires ${alert}`]),
  ]);
  const names = new Set(alerts.map(({ alert }) => alert));
  const orphans = [...headings].filter((heading) => heading?.startsWith('Darkroom') === true && !names.has(heading));
  return [...problems, ...orphans.map((heading) => `docs/operations/alarms.md describes ${heading}, and there is no such alarm`)];
}
