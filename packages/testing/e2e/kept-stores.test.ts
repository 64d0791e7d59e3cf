import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildGenerationStore, defaultRetention } from '@darkroom/generation-store';
import { closeAtOnce, createClosing, startDarkroom } from '@darkroom/local-stack';
import { Redis } from 'ioredis';
import { describe, expect, inject, onTestFinished, test } from 'vitest';
import { runApp } from '../src/fleet/run-app.ts';
import { testPlace } from '../src/fleet/test-place.ts';
import {
  copyKeptProvider,
  countExecutions,
  eventually,
  keptStoreVersions,
  loadKeptBucket,
  loadKeptRedis,
  readBilledTasks,
  readKeptStore,
  reserveRedis,
  type KeptStoreVersion,
} from '../src/index.ts';
import { reserveS3 } from '../src/own-s3.ts';

/** The chain of the defaults, in seconds: for the worker, the open sends of the store are younger than the horizon. */
const timing = {
  TIMING_REQUEST_TIMEOUT_MS: '1000',
  TIMING_RESEND_WINDOW_MS: '2000',
  TIMING_HORIZON_MS: '4000',
  TIMING_FIRST_POLL_MS: '1000',
  TIMING_MAX_POLL_MS: '2000',
  TIMING_UPLOAD_WINDOW_MS: '2000',
  TIMING_UPLOAD_POLL_MS: '100',
  TIMING_TROUBLE_MS: '200',
  TIMING_MAX_TROUBLE_MS: '1000',
  WORKER_RECONCILE_EVERY_MS: '1000',
};

/** Loads the store into processes of today's code; the worker does not run yet. */
async function setup(version: KeptStoreVersion) {
  const kept = await readKeptStore(version);
  const { prefix, settings } = kept.expected;
  const directory = await mkdtemp(join(tmpdir(), 'darkroom-kept-store-'));
  const [redisServer, s3] = [await reserveRedis({ dir: join(directory, 'redis') }), await reserveS3(join(directory, 's3'))];
  const redis = new Redis(redisServer.url, { lazyConnect: true, maxRetriesPerRequest: null });
  const closing = createClosing();
  closing.add(() => rm(directory, { recursive: true, force: true }));
  closing.add(async () => void (await Promise.all([redisServer.stop(), s3.stop()])));
  closing.add(() => redis.disconnect());
  onTestFinished(() => closeAtOnce(closing));
  await Promise.all([redisServer.start(), s3.start(), copyKeptProvider(kept, join(directory, 'emulator'))]);
  await redis.connect();
  await Promise.all([loadKeptRedis(kept, redis), loadKeptBucket(kept, s3)]);
  const { apiKey, webhookKeys, caps } = settings;
  const darkroom = await startDarkroom(
    {
      ...testPlace(directory),
      stores: { redisUrl: redisServer.url, prefix, s3 },
      apiKey,
      webhookKeys,
      emulator: {
        dir: join(directory, 'emulator'),
        faults: JSON.stringify({ executionMs: [20, 60], uploadDelayMs: [20, 60] }),
        seed: 'kept-store',
      },
      receivers: ['receiver'],
      workers: [],
    },
    closing,
  );
  const worker = await darkroom.addWorker('worker', { ...caps, ...timing });
  const store = buildGenerationStore({ prefix, retention: defaultRetention, pollRate: { perSecond: 1, burst: 1 } }, redis);
  const find = async (name: string) => {
    const view = await store.find(kept.get(name).view.generationId);
    if (view === undefined) throw new Error(`generation "${name}" has no entry`);
    return view;
  };
  return {
    kept,
    redis,
    worker,
    find,
    /** Waits until generations have these statuses. */
    reach: (wanted: Readonly<Record<string, string>>) =>
      eventually(
        async () => {
          const names = Object.keys(wanted);
          const statuses = await Promise.all(names.map(async (name) => [name, (await find(name)).status]));
          expect(Object.fromEntries(statuses)).toEqual(wanted);
        },
        { withinMs: 40_000, everyMs: 100 },
      ),
    readBill: () => readBilledTasks(darkroom.billFile),
    /** Runs a command as an operator. */
    operate: async (...words: string[]) => {
      const { code, output } = await runApp('cli', words, worker.env);
      expect(code, `${words.join(' ')}: ${output}`).toBe(0);
    },
  };
}

describe.skipIf(inject('redisKind') === 'js').each([...keptStoreVersions])('the store that %s wrote', (version) => {
  test('a worker settles the open submissions, buys the queued ones once, and leaves the rest unchanged', async () => {
    const { kept, redis, worker, find, reach, readBill, operate } = await setup(version);
    const taken = ['open-running', 'open-answer-lost', 'open-arrived'];
    const tasksOf = (name: string): string[] => kept.get(name).view.images.map(({ taskUUID }) => taskUUID);
    // The provider must finish its running tasks first: "running" is no outcome, even past the horizon.
    const before = await eventually(async () => {
      const bill = await readBill();
      for (const task of taken.flatMap(tasksOf)) expect(bill.get(task)).toMatchObject({ executions: 1 });
      return bill;
    });
    await worker.start();

    // While an operator's pause stands no worker buys, and bought images come home.
    await reach({
      'open-running': 'succeeded',
      'open-answer-lost': 'succeeded',
      'open-arrived': 'succeeded',
      'open-never-arrived': 'failed',
    });
    expect(await find('open-never-arrived')).toMatchObject({ reservedUsd: '0.02', images: [{ status: 'unknown' }] });
    await reach({ 'open-queued': 'queued', 'waiting-soon': 'queued', 'waiting-month': 'queued' });
    expect(countExecutions(await readBill())).toBe(countExecutions(before));

    await operate('resume', '--kind', 'operator');
    const monthIsOver = (kept.get('waiting-month').view.runAt ?? 0) <= Date.now();
    await reach({ 'open-queued': 'succeeded', 'waiting-soon': 'succeeded', 'open-queued-deadline': 'expired' });
    await reach({ 'waiting-month': monthIsOver ? 'succeeded' : 'queued' });
    for (const [name, { view }] of Object.entries(kept.expected.generations))
      if (!/^(open|waiting)-/.test(name)) expect(await find(name), name).toMatchObject(view);

    const bill = await readBill();
    for (const [taskUUID, { executions }] of bill) expect(executions, taskUUID).toBeLessThanOrEqual(1);
    const bought = ['open-queued', 'waiting-soon', ...(monthIsOver ? ['waiting-month'] : [])].flatMap(tasksOf);
    expect(countExecutions(bill) - countExecutions(before)).toBe(bought.length);
    for (const task of bought) expect(bill.get(task)).toMatchObject({ executions: 1 });
    expect(bill.get(tasksOf('open-never-arrived')[0] ?? '')).toMatchObject({ submissions: 1, executions: 0 });

    // The ledger holds for each tenant what its generations cost and hold, whatever the days of the bookings.
    const views = await Promise.all(Object.keys(kept.expected.generations).map(find));
    for (const tenant of [undefined, 'acme', 'globex']) {
      const own = views.filter((view) => tenant === undefined || view.tenant === tenant);
      const wanted = { settled: sum(own.map(({ costUsd }) => costUsd)), reserved: sum(own.map(({ reservedUsd }) => reservedUsd)) };
      for (const length of ['day', 'month']) {
        const scope = tenant === undefined ? `all:${length}` : `tenant:${tenant}:${length}`;
        const periods = await redis.keys(`${kept.expected.prefix}:spend:${scope}:*`);
        const spent = await Promise.all(periods.map((key) => redis.hmget(key, 'settled', 'reserved')));
        const booked = { settled: total(spent.map(([settled]) => settled)), reserved: total(spent.map(([, reserved]) => reserved)) };
        expect(booked, scope).toEqual(wanted);
      }
    }
  });
});

const sum = (usd: readonly string[]): number => total(usd.map((each) => String(Math.round(Number(each) * 1e9))));
const total = (nanoUsd: readonly (string | null | undefined)[]): number => nanoUsd.reduce((all, each) => all + Number(each ?? 0), 0);
