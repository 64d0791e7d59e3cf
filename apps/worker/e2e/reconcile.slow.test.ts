import { passReportSchema, type PassReport } from '@darkroom/generation-store';
import { createProducer } from '@darkroom/producer';
import { eventually, readBilledTasks, startFleet, type Fleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { expectOneOfEach } from './judge.ts';

const GENERATIONS = 30;

async function readLastPass(redis: Redis, { prefix }: Fleet): Promise<PassReport | undefined> {
  const report = await redis.get(`${prefix}:last-pass`);
  return report === null ? undefined : passReportSchema.parse(JSON.parse(report));
}

/** Waits for a pass that begins after this call. */
async function nextPass(redis: Redis, fleet: Fleet): Promise<PassReport> {
  const since = Date.now();
  return eventually(
    async () => {
      const pass = await readLastPass(redis, fleet);
      if (pass === undefined || pass.startedAt <= since || pass.outcome !== 'whole') throw new Error('no pass yet');
      return pass;
    },
    { withinMs: 20_000, everyMs: 100 },
  );
}

/** Returns the findings of all workers since their start, as lines of their metrics. */
async function readFindings({ workerUrls }: Fleet): Promise<string[]> {
  const pages = await Promise.all(
    workerUrls.map(async (url) => (await fetch(`${url}/metrics`, { headers: { connection: 'close' } })).text()),
  );
  return pages.flatMap((page) =>
    page.split('\n').filter((line) => line.startsWith('darkroom_reconcile_findings_total{') && !line.endsWith(' 0')),
  );
}

const enqueueAll = async (producer: ReturnType<typeof createProducer>): Promise<string[]> => {
  const enqueued = await Promise.all(
    Array.from({ length: GENERATIONS }, (_, at) => producer.enqueue({ positivePrompt: `generation ${at}`, width: 1280, height: 896 })),
  );
  return enqueued.map(({ generationId }) => generationId);
};

const repairsIn = (logs: string): Set<string> =>
  new Set([...logs.matchAll(/"event":"reconcile\.repaired","kind":"([a-z-]+)"/g)].map(([, kind = '']) => kind));

test('passes without a break find nothing and change nothing while a fleet works', async () => {
  const fleet = await startFleet({
    workers: 2,
    faults: { executionMs: [100, 3000], uploadDelayMs: [50, 1000], failProviderErrorRate: 0.1, submit429Rate: 0.1 },
    // A grace time for a busy machine; one pass follows the other.
    workerEnv: { WORKER_RECONCILE_EVERY_MS: '1000', WORKER_RECONCILE_GRACE_MS: '2000' },
  });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const redis = new Redis(fleet.redisUrl);
  try {
    const ids: string[] = [];
    let passes = 0;
    for (let round = 0; round < 2; round += 1) {
      ids.push(...(await enqueueAll(producer)));
      await nextPass(redis, fleet);
      passes += 1;
    }
    await Promise.all(ids.map((id) => producer.wait(id, { timeoutMs: 60_000 })));
    const last = await nextPass(redis, fleet);
    expect(last.findings).toEqual({});
    expect(last.stored).toBe(2 * GENERATIONS);
    expect(await readFindings(fleet)).toEqual([]);
    console.info(`${passes + 1} passes beside ${ids.length} generations found nothing`);
  } finally {
    redis.disconnect();
    await producer.close();
    await fleet.stop();
  }
});

test('the reconciler restores jobs, holds and schedules that vanish while workers are killed, and no image is bought twice', async () => {
  const fleet = await startFleet({
    workers: 2,
    // The images come home long after the passes: the turn of a killed worker ends after twenty seconds.
    faults: { executionMs: [45_000, 50_000] },
    // The shortest grace time: the reconciler often takes work under way for damage.
    workerEnv: { WORKER_RECONCILE_EVERY_MS: '1000', WORKER_RECONCILE_GRACE_MS: '100' },
  });
  const producer = createProducer({ redisUrl: fleet.redisUrl });
  const redis = new Redis(fleet.redisUrl);
  const { prefix } = fleet;
  try {
    const ids = await enqueueAll(producer);
    await eventually(async () => expect((await readBilledTasks(fleet.billFile)).size).toBeGreaterThanOrEqual(GENERATIONS / 2));
    for (const worker of fleet.workers) {
      await worker.kill();
      const lost = [
        ...(await redis.keys(`${prefix}:settlements:*`)),
        ...(await redis.keys(`${prefix}:submissions:*`)),
        ...(await redis.keys(`${prefix}:maintenance:*`)),
      ].filter((key) => !key.endsWith(':meta'));
      await redis.del(...lost);
      for (const key of await redis.keys(`${prefix}:submission:*`))
        if (!key.endsWith(':timeline') && (await redis.hget(key, 'held')) === '1') await redis.hset(key, 'held', '0');
      await worker.start();
    }
    // The metrics of a killed worker are gone; its log stays.
    await eventually(
      async () => {
        const repaired = repairsIn((await Promise.all(fleet.workers.map((worker) => worker.log()))).join(''));
        expect([...repaired]).toEqual(expect.arrayContaining(['settlement-without-job', 'hold-missing']));
      },
      { withinMs: 40_000 },
    );
    const generations = await Promise.all(ids.map((id) => producer.wait(id, { timeoutMs: 120_000 })));
    await expectOneOfEach(fleet, generations);
    await eventually(async () => expect((await nextPass(redis, fleet)).findings).toEqual({}), { withinMs: 40_000 });
  } finally {
    redis.disconnect();
    await producer.close();
    await fleet.stop();
  }
});
