import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { spawn } from 'node:child_process';
import { expect, onTestFinished, test } from 'vitest';
import { createProducer } from '../packages/producer/src/index.ts';
import { eventually, freePort, startFleet } from '../packages/testing/src/index.ts';
import { dashboardQueries } from './monitoring/dashboard.mjs';
import { readAlerts, rulesFile } from './monitoring/files.mjs';
import { findTools } from './monitoring/find-tools.mjs';

interface Answer {
  status: string;
  error?: string;
  data: { result: { metric: Record<string, string> }[]; alerts: { state: string; labels: Record<string, string> }[] };
}

/** Starts a real Prometheus that scrapes these addresses and knows our alarms; it asks each second. */
async function startPrometheus(targets: readonly string[]) {
  const folder = mkdtempSync(path.join(tmpdir(), 'darkroom-prometheus-'));
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [path.resolve(rulesFile)],
    scrape_configs: [{ job_name: 'darkroom', static_configs: [{ targets: targets.map((url) => new URL(url).host) }] }],
  };
  writeFileSync(path.join(folder, 'prometheus.yml'), JSON.stringify(config));
  const url = `http://127.0.0.1:${await freePort()}`;
  const child = spawn(
    findTools().prometheus,
    [
      `--config.file=${folder}/prometheus.yml`,
      `--storage.tsdb.path=${folder}/data`,
      `--web.listen-address=${new URL(url).host}`,
      '--storage.tsdb.retention.time=2h',
    ],
    { stdio: 'ignore' },
  );
  const ended = once(child, 'close');
  onTestFinished(async () => {
    child.kill('SIGKILL');
    await ended;
    rmSync(folder, { recursive: true, force: true });
  });
  const ask = async (question: string): Promise<Answer> => {
    const response = await fetch(`${url}${question}`, { headers: { connection: 'close' } });
    return (await response.json()) as Answer; // the API of Prometheus
  };
  await eventually(async () => expect((await ask('/api/v1/query?query=up')).status).toBe('success'), { withinMs: 20_000 });
  return {
    query: (expr: string) => ask(`/api/v1/query?query=${encodeURIComponent(expr)}`),
    firing: async () => (await ask('/api/v1/alerts')).data.alerts.filter(({ state }) => state === 'firing').map(({ labels }) => labels),
  };
}

test('after one image each query of the dashboard answers, each alarm has its numbers, and one rings at its first event', async () => {
  const fleet = await startFleet({
    erasers: 1,
    apis: 1,
    notifiers: 1,
    workerEnv: { METRICS_TENANTS: 'acme', DAILY_CAP_USD: '25', TENANT_DAILY_CAP_USD: '0.02' },
  });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  try {
    const processes = [
      ...fleet.workerUrls,
      fleet.receiverUrl,
      ...[...fleet.erasers, ...fleet.apis, ...fleet.notifiers].map(({ url }) => url),
    ];
    const prometheus = await startPrometheus(processes);
    const { generationId } = await producer.enqueue({ positivePrompt: 'a lighthouse', width: 1024, height: 1024 }, { tenant: 'acme' });
    expect((await producer.wait(generationId, { timeoutMs: 30_000 })).status).toBe('succeeded');

    const queries = [
      ...dashboardQueries(),
      // What an alarm looks at exists while it is silent: each series that its expression names.
      ...readAlerts().flatMap(({ alert, expr }) =>
        [...expr.matchAll(/darkroom_\w+(\{[^}]*\})?/g)].map(([series]) => ({ title: alert, expr: series })),
      ),
    ];
    expect(queries.length).toBeGreaterThan(70);
    const silent = async (): Promise<string[]> => {
      const answers = await Promise.all(queries.map(async (each) => ({ ...each, answer: await prometheus.query(each.expr) })));
      return answers
        .filter(({ answer }) => answer.status !== 'success' || answer.data.result.length === 0)
        .map(({ title, expr, answer }) => `${title}: ${expr}: ${answer.error ?? 'no answer'}`);
    };
    await eventually(async () => expect(await silent()).toEqual([]), { withinMs: 30_000, everyMs: 1000 });
    for (const { alert, expr } of readAlerts()) expect((await prometheus.query(expr)).status, alert).toBe('success');
    expect(await prometheus.firing()).toEqual([]);

    await expect(producer.enqueue({ positivePrompt: 'one more' }, { tenant: 'acme' })).rejects.toMatchObject({ code: 'spend.cap-reached' });
    await eventually(
      async () => expect(await prometheus.firing()).toMatchObject([{ alertname: 'DarkroomRefusedAtCap', severity: 'warning' }]),
      { withinMs: 20_000, everyMs: 500 },
    );
  } finally {
    await producer.close();
    await fleet.stop();
  }
});
