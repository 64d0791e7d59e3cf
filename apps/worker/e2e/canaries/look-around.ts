import { createSubmissions } from '@darkroom/queues';
import { eventually, startDashboard, type Fleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect } from 'vitest';
import type { Written } from './canary.ts';
import { runProgram } from './run-program.ts';
import { dashboardPassword, secrets, withPassword } from './secrets.ts';
import { readPages } from './written-places.ts';

export async function openDashboard(fleet: Fleet, env: Readonly<Record<string, string>>) {
  return startDashboard(fleet, {
    ...env,
    REDIS_URL: withPassword(fleet.redisUrl),
    DASHBOARD_PASSWORD: dashboardPassword,
  });
}

/** Runs a command with all settings of a worker. @returns its output. */
export const runCli = (fleet: Fleet, providerUrl: string, word: string): Promise<Written> =>
  runProgram('cli', [word], {
    REDIS_URL: withPassword(fleet.redisUrl),
    S3_BUCKET: fleet.s3Config.bucket,
    S3_ENDPOINT: fleet.s3Config.endpoint,
    S3_ACCESS_KEY_ID: fleet.s3Config.credentials.accessKeyId,
    S3_SECRET_ACCESS_KEY: secrets.s3SecretAccessKey,
    RUNWARE_API_KEY: secrets.apiKey,
    RUNWARE_URL: `${providerUrl}/v1`,
    WEBHOOK_BASE_URL: fleet.receiverUrl,
    WEBHOOK_KEYS: secrets.webhookKeys,
    LOG_LEVEL: 'debug',
  });

export const operatorWords = ['pause', 'status', 'spend', 'doctor', 'unknown', 'reconcile', 'rebuild', 'resume'] as const;

/** Reads every page of every process, and a failed job in the dashboard. */
export async function readAllPages(fleet: Fleet, dashboardUrl: string): Promise<Written[]> {
  await failOneJob(fleet);
  const login = { authorization: `Basic ${Buffer.from(`darkroom:${dashboardPassword}`).toString('base64')}` };
  const own = ['/metrics', '/livez', '/readyz'];
  const board = ['generations', 'submissions', 'settlements'].flatMap((queue) => [
    `/queues/queue/${queue}`,
    `/queues/api/queues/${queue}/workers`,
    ...['latest', 'failed', 'delayed', 'completed'].map(
      (status) => `/queues/api/queues?activeQueue=${queue}&status=${status}&page=1&jobsPerPage=100`,
    ),
  ]);
  const job = ['/queues/api/queues/submissions/foreign', '/queues/api/queues/submissions/foreign/logs'];
  return [
    ...(await Promise.all([...fleet.workerUrls, fleet.receiverUrl].map((url) => readPages(url, own)))).flat(),
    ...(await readPages(
      dashboardUrl,
      [...own, '/', '/generations', '/spend', '/health', '/queues/', '/queues/api/redis/stats', ...board, ...job],
      login,
    )),
    ...(await readPages(dashboardUrl, ['/', '/queues/api/queues'])),
  ];
}

/** Fails a foreign job, because no job of Darkroom ends as failed. */
async function failOneJob({ redisUrl, prefix }: Fleet): Promise<void> {
  const redis = new Redis(redisUrl);
  const submissions = createSubmissions(redis, { prefix });
  await submissions.queue.add('submit', { nothing: 'of ours' }, { jobId: 'foreign' });
  await eventually(async () => expect(await submissions.queue.getJobState('foreign')).toBe('failed'));
  await submissions.close();
  redis.disconnect();
}

/** Starts each program with wrong settings only. @returns their output. */
export function startWrongly({ redisUrl }: Fleet): Promise<Written[]> {
  const settings = {
    REDIS_URL: withPassword(redisUrl),
    S3_BUCKET: 'x',
    S3_SECRET_ACCESS_KEY: secrets.s3SecretAccessKey,
    RUNWARE_API_KEY: ` ${secrets.apiKey} é`,
    WEBHOOK_KEYS: `${secrets.webhookKeys} ,:`,
    DASHBOARD_PASSWORD: dashboardPassword,
    DAILY_CAP_USD: 'much',
    LOG_LEVEL: 'loud',
  };
  return Promise.all(['worker', 'webhook-receiver', 'dashboard'].map((app) => runProgram(app, [], settings)));
}
