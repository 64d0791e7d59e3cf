import { createHash } from 'node:crypto';
import { setMaxListeners } from 'node:events';
import { readFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createGenerationId,
  formatUsd,
  hasCode,
  isFinalGeneration,
  parseUsd,
  taskUuidOf,
  type GenerationView,
  type SubmissionRef,
} from '@darkroom/contracts';
import { createObjectStorage } from '@darkroom/object-storage';
import { createProducer, type Producer } from '@darkroom/producer';
import { eventually, startFleet, type Fleet } from '@darkroom/testing';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { spawnCli } from './world.ts';

const GENERATIONS = 1000;
const PRODUCERS = 4;
/** Callers, each with one order at a time. */
const CALLERS = 200;
/** Executions on the bill after which Redis is emptied. */
const EMPTIED_AFTER = 300;
/** Number of keys in Redis at which each rebuild, one after the other, is killed. */
const KILLED_AT_KEYS = [100, 300, 600];
const CAP_USD = '100';

test('after a rebuild of a Redis emptied amid 1,000 generations no paid image is lost, forgotten or paid for twice', async () => {
  const fleet = await startFleet({
    workers: 2,
    receivers: 2,
    faults: {
      executionMs: [100, 600],
      failProviderErrorRate: 0.04,
      submitResetAfterRate: 0.03,
      submit429Rate: 0.03,
      webhookDropRate: 0.05,
    },
    workerEnv: { DAILY_CAP_USD: CAP_USD },
  });
  const redis = new Redis(fleet.redisUrl);
  const isOver = new AbortController();
  setMaxListeners(0, isOver.signal);
  const producers = Array.from({ length: PRODUCERS }, () => createProducer({ redisUrl: fleet.redisUrl }));
  try {
    const orders: Order[] = [];
    const seen = new Map<string, GenerationView>();
    const caller = async (_: unknown, number: number): Promise<void> => {
      while (orders.length < GENERATIONS) {
        const order = { id: createGenerationId(Date.now()), key: `order ${orders.length}`, at: orders.length };
        orders.push(order);
        seen.set(order.id, await bringHome(producers[number % PRODUCERS]!, order, isOver.signal));
      }
    };
    const all = Promise.all(Array.from({ length: CALLERS }, caller));
    all.catch(() => undefined); // waited for below
    await eventually(async () => expect(executionsOf(await readBill(fleet)).length).toBeGreaterThan(EMPTIED_AFTER), {
      withinMs: 60_000,
      everyMs: 100,
    });
    const finalBefore = [...seen.values()];
    expect(finalBefore.length).toBeGreaterThan(10);
    await redis.flushall();
    const emptiedAt = Date.now();

    const kills = await killRebuilds(fleet, redis);
    expect(kills).toBeGreaterThanOrEqual(2);
    expect(await redis.exists(`${fleet.prefix}:epoch`)).toBe(0);
    const last = rebuild(fleet);
    await eventually(async () => expect(await redis.exists(`${fleet.prefix}:epoch`), last.output()).toBe(1), { withinMs: 60_000 });
    const openedAt = Date.now();
    expect({ code: (await last.ended).code, output: last.output() }).toMatchObject({ code: 0 });
    console.info(last.output().trim());

    // Generations that the callers had seen final are unchanged, and their idempotency keys are still taken.
    for (const view of finalBefore) {
      // On a busy machine an answer may take longer than a call waits: a caller asks again.
      const { status, costUsd, images } = await eventually(() => producers[0]!.get(view.generationId), { withinMs: 30_000 });
      expect({ status, costUsd, images: images.map(({ image }) => image) }).toEqual({
        status: view.status,
        costUsd: view.costUsd,
        images: view.images.map(({ image }) => image),
      });
      const { key, at } = orders.find(({ id }) => id === view.generationId)!;
      const again = await eventually(() => producers[0]!.enqueue(requestOf(at), { idempotencyKey: key }), { withinMs: 30_000 });
      expect(again).toMatchObject({ generationId: view.generationId, created: false });
    }
    await all;
    console.info(`closed for ${openedAt - emptiedAt} ms, ${kills} rebuilds killed; all home ${Date.now() - openedAt} ms after it opened`);

    const bill = await readBill(fleet);
    // A run that had committed before sends within less than two seconds.
    const known = new Set(bill.filter(({ at }) => at < emptiedAt + 2000).map(({ taskUUID }) => taskUUID));
    const whileClosed = bill.filter(({ at, kind, taskUUID }) => kind === 'submission' && !known.has(taskUUID) && at < openedAt - 200);
    expect(whileClosed, 'bought while the store was closed').toEqual([]);
    await judge(fleet, redis, bill, [...seen.values()]);
    for (const worker of fleet.workers) expect(await worker.log()).toContain('redis holds an epoch again');
  } finally {
    isOver.abort();
    await Promise.all(producers.map((producer) => producer.close()));
    redis.disconnect();
    await fleet.stop();
  }
});

interface Order {
  id: string;
  key: string;
  at: number;
}

const requestOf = (at: number) => ({ positivePrompt: `image ${at}`, width: 1280, height: 896 }) as const;

/** Acts as callers should: keeps the request until its generation is final, and enqueues it again if it is not known. */
async function bringHome(producer: Producer, { id, key, at }: Order, isOver: AbortSignal): Promise<GenerationView> {
  for (;;) {
    isOver.throwIfAborted();
    try {
      await producer.enqueue(requestOf(at), { generationId: id, idempotencyKey: key });
      const view = await producer.wait(id, { timeoutMs: 5000, signal: isOver });
      if (isFinalGeneration(view.status)) return view;
    } catch (error) {
      const isExpected = ['generation.not-found', 'generation.wait-timeout', 'store.not-initialised', 'queue.unavailable'] as const;
      if (!isExpected.some((code) => hasCode(error, code))) throw error;
      await delay(200);
    }
  }
}

const rebuild = ({ redisUrl, prefix, s3Config }: Fleet) =>
  spawnCli(['rebuild'], {
    REDIS_URL: redisUrl,
    DARKROOM_PREFIX: prefix,
    S3_BUCKET: s3Config.bucket,
    S3_ENDPOINT: s3Config.endpoint,
    S3_ACCESS_KEY_ID: s3Config.credentials.accessKeyId,
    S3_SECRET_ACCESS_KEY: s3Config.credentials.secretAccessKey,
    DAILY_CAP_USD: CAP_USD,
    TIMING_FIRST_POLL_MS: '1500',
  });

/** Begins rebuilds and kills each in its middle. @returns the number of killed rebuilds. */
async function killRebuilds(fleet: Fleet, redis: Redis): Promise<number> {
  let kills = 0;
  for (const keys of KILLED_AT_KEYS) {
    const cli = rebuild(fleet);
    let hasEnded = false;
    void cli.ended.then(() => (hasEnded = true));
    await eventually(async () => expect(hasEnded || (await redis.dbsize()) >= keys).toBe(true), { withinMs: 30_000, everyMs: 2 });
    cli.signal('SIGKILL');
    if ((await cli.ended).signal === 'SIGKILL') kills += 1;
  }
  return kills;
}

const lineSchema = z.object({
  at: z.number(),
  kind: z.string(),
  taskUUID: z.string(),
  costUsd: z.string().optional(),
  images: z.array(z.object({ sha256: z.string() })).optional(),
});
type BillLine = z.infer<typeof lineSchema>;

const readBill = async ({ billFile }: Fleet): Promise<BillLine[]> =>
  (await readFile(billFile, 'utf8'))
    .split('\n')
    .slice(0, -1)
    .map((line) => lineSchema.parse(JSON.parse(line)));

const executionsOf = (bill: readonly BillLine[]): BillLine[] => bill.filter(({ kind }) => kind === 'execution');

/** Asserts that the bill, the bucket, its records and the ledger agree. */
async function judge(fleet: Fleet, redis: Redis, bill: readonly BillLine[], views: readonly GenerationView[]): Promise<void> {
  const storage = createObjectStorage({ ...fleet.s3Config, requestTimeoutMs: 5000, maxImageBytes: 32 * 1024 * 1024 }, { now: Date.now });
  try {
    const refs = new Map<string, SubmissionRef>();
    for (const date of await storage.listRecordDates())
      for await (const { generationId, index, n } of storage.listRecordsOfDate(date)) {
        const ref = { generationId, index, n };
        refs.set(taskUuidOf(ref), ref);
      }
    const executions = executionsOf(bill);
    expect(new Set(executions.map(({ taskUUID }) => taskUUID)).size, 'each submission was made once').toBe(executions.length);
    for (const { taskUUID, images = [] } of executions) {
      const ref = refs.get(taskUUID)!;
      const image = await storage.readImage(ref, 'JPG');
      expect(image.kind === 'found' && createHash('sha256').update(image.bytes).digest('hex'), 'the image that was paid for').toBe(
        images[0]?.sha256,
      );
      const end = (await storage.findAmendment(ref)) ?? (await storage.findResult(ref));
      expect(end?.status).toBe('succeeded');
    }
    // An image has another submission only after a failure on the bill.
    for (const [taskUUID, { n, ...ref }] of refs) {
      if (n === 1 || !bill.some((line) => line.taskUUID === taskUUID)) continue;
      const earlier = taskUuidOf({ ...ref, n: n - 1 });
      expect(
        bill.some((line) => line.taskUUID === earlier && line.kind === 'failure'),
        `${ref.generationId} bought again`,
      ).toBe(true);
    }
    const billed = bill.reduce((sum, { costUsd = '0' }) => sum + parseUsd(costUsd), 0);
    const costs = views.reduce((sum, { costUsd }) => sum + parseUsd(costUsd), 0);
    expect(formatUsd(costs), 'what the records cost').toBe(formatUsd(billed));
    await eventually(async () => expect(await ledgerOf(redis, fleet.prefix)).toEqual({ settled: billed, reserved: 0 }));
  } finally {
    storage.close();
  }
}

/** Sums the ledger of all tenants over all days. */
async function ledgerOf(redis: Redis, prefix: string): Promise<{ settled: number; reserved: number }> {
  const days = await Promise.all(
    (await redis.keys(`${prefix}:spend:all:day:*`)).map(async (key) =>
      (await redis.hmget(key, 'settled', 'reserved')).map((value) => Number(value ?? 0)),
    ),
  );
  return days.reduce((sum, [settled = 0, reserved = 0]) => ({ settled: sum.settled + settled, reserved: sum.reserved + reserved }), {
    settled: 0,
    reserved: 0,
  });
}
