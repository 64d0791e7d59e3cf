import { createGenerationId, type SubmissionRef } from '@darkroom/contracts';
import { connectPatient } from '@darkroom/generation-store';
import { createSettlements, createSubmissions, jobIdOf, queueNames } from '@darkroom/queues';
import { createLogger } from '@darkroom/service-runtime';
import { eventually, uniquePrefix } from '@darkroom/testing';
import { UnrecoverableError, Worker } from 'bullmq';
import type { Redis } from 'ioredis';
import { expect, inject, onTestFinished } from 'vitest';
import { createDashboard, type DashboardDependencies } from '../src/app.ts';

const HOUR_MS = 3_600_000;

export const buildRef = (index = 0): SubmissionRef => ({ generationId: createGenerationId(Date.now()), index, n: 1 });

/** Opens the queues of a fleet without workers, on the Redis of this run. */
export function openWorld(url: string = inject('redisUrl')) {
  const prefix = uniquePrefix();
  const redis = connectPatient(url);
  const submissions = createSubmissions(redis, { prefix });
  const settlements = createSettlements(redis, { prefix });
  onTestFinished(async () => {
    await submissions.close();
    await settlements.close();
    redis.disconnect();
  });
  return {
    url,
    prefix,
    redis,
    submissions,
    settlements,
    /** Parks a settlement, as of an image in flight. */
    async park(ref = buildRef()): Promise<SubmissionRef> {
      await settlements.park(ref, HOUR_MS, false);
      return ref;
    },
    /** Queues a submission. */
    async queue(ref = buildRef()): Promise<SubmissionRef> {
      await submissions.add([ref]);
      return ref;
    },
    /** Queues a submission and makes its job fail. */
    async fail(ref = buildRef(), reason = 'a bug'): Promise<SubmissionRef> {
      await submissions.add([ref]);
      const run = async (): Promise<never> => {
        throw new UnrecoverableError(reason);
      };
      const worker = new Worker(queueNames.submissions, run, { connection: redis, prefix });
      await eventually(async () => expect(await submissions.queue.getJobState(jobIdOf(ref))).toBe('failed'));
      await worker.close();
      return ref;
    },
    stateOf: async (ref: SubmissionRef) => ({
      submission: await submissions.queue.getJobState(jobIdOf(ref)),
      settlement: await settlements.queue.getJobState(jobIdOf(ref)),
    }),
    /** Reads all keys of the prefix, byte for byte. */
    snapshot: () => readEverything(redis, prefix),
  };
}

async function readEverything(redis: Redis, prefix: string): Promise<Record<string, string>> {
  // Without the sign of life, which every process writes by itself.
  const keys = (await redis.keys(`${prefix.replace('{', '\\{')}:*`)).filter((key) => !key.endsWith(':alive')).toSorted();
  const dumps = await Promise.all(keys.map(async (key) => [key, (await redis.dumpBuffer(key))?.toString('base64') ?? ''] as const));
  return Object.fromEntries(dumps);
}

export const PASSWORD = 'correct-horse-battery';

export interface Answer {
  status: number;
  body: string;
  headers: Headers;
}

/** Starts a dashboard on a free port; the end of the test stops it. */
export async function startDashboard(
  { url, prefix }: { url: string; prefix: string },
  { password = PASSWORD, path = '', ...overrides }: Partial<DashboardDependencies> & { password?: string | undefined; path?: string } = {},
) {
  let log = '';
  const logger = createLogger({ name: 'test', level: 'debug' }, { write: (line) => (log += line) });
  const routes: { method: string; route: string }[] = [];
  const dashboard = createDashboard(
    {
      redis: { url, prefix },
      access: { user: 'darkroom', password: password === '' ? undefined : password, look: undefined },
      path,
      pages: { showPrompts: false },
      pictures: undefined,
      log: { level: 'debug', logPrompts: false },
      listen: { host: '127.0.0.1', port: 0 },
    },
    { logger, onRoute: (method, route) => routes.push({ method, route }), ...overrides },
  );
  onTestFinished(() => dashboard.stop());
  await dashboard.start();
  const authorization = `Basic ${Buffer.from(`darkroom:${password}`).toString('base64')}`;
  return {
    dashboard,
    routes,
    log: () => log,
    async ask(method: string, path: string, init: RequestInit = {}): Promise<Answer> {
      const response = await fetch(dashboard.url() + path, { method, headers: { authorization }, ...init });
      return { status: response.status, body: await response.text(), headers: response.headers };
    },
  };
}
