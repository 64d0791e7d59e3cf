// The files of infra/monitoring that follow from others: `node scripts/write-monitoring.mjs` writes them, a check compares them.
import { readFileSync } from 'node:fs';
import { parse, stringify } from 'yaml';
import { buildDashboard } from './dashboard.mjs';

/** @typedef {{ alert: string, expr: string, for?: string, labels: Record<string, string>, annotations: Record<string, string> }} Alert */

export const rulesFile = 'infra/monitoring/alerts.yml';
export const testsFile = 'infra/monitoring/alerts.test.yml';
export const scrapeFile = 'infra/monitoring/prometheus.yml';
export const runbook = 'docs/operations/alarms.md';

/** @returns {{ groups: { name: string, rules: Alert[] }[] }} */
const readRules = () => parse(readFileSync(rulesFile, 'utf8'));

export const readAlerts = () => readRules().groups.flatMap(({ rules }) => rules);

/** Renders each generated file. @returns {Record<string, string>} Text by path. */
export const renderFiles = () => ({
  'infra/monitoring/grafana/darkroom.json': `${JSON.stringify(buildDashboard(), null, 2)}\n`,
  'infra/monitoring/kubernetes/prometheus-rule.yaml': `# Written by scripts/write-monitoring.mjs from ../alerts.yml, which promtool tests.\n${stringify(
    {
      apiVersion: 'monitoring.coreos.com/v1',
      kind: 'PrometheusRule',
      metadata: { name: 'darkroom', labels: { 'app.kubernetes.io/part-of': 'darkroom' } },
      spec: { groups: readRules().groups },
    },
    { lineWidth: 0 },
  )}`,
});
