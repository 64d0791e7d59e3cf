import { defaultTiming } from '@darkroom/contracts';
import { buildReadingStore, READING_TURN } from '@darkroom/generation-store';
import { createSettlements, createSubmissions } from '@darkroom/queues';
import type { Recovery } from '@darkroom/recovery';
import { createMetrics, silentLogger } from '@darkroom/service-runtime';
import { eventually } from '@darkroom/testing';
import { describe, expect, inject, test } from 'vitest';
import { joinRecovery } from '../src/join-recovery.ts';
import { addQueueGauges } from '../src/metrics/queue-gauges.ts';
import { readHistory } from '../src/read-history.ts';
import { IMAGE_NANO_USD, startForgetfulWorld } from './forgetful-world.ts';

const PREFIX = '{darkroom}';
const COMMAND_TURN_MS = 600;
const DAY_MS = 86_400_000;

/** A store that a command has opened before it was killed: one generation had come home long ago, and is not read. */
async function setup() {
  const world = await startForgetfulWorld();
  const { redis, store, storage } = world;
  const ref = await world.enqueue();
  await world.send(ref);
  await world.succeed(ref);
  await redis.flushall();
  const reading = buildReadingStore({ prefix: PREFIX }, redis);
  const begun = await store.beginRebuild('a rebuild');
  if (begun.kind !== 'begun') throw new Error('the store is open');
  const today = new Date().toISOString().slice(0, 10);
  await reading.noteUnread(begun.id, today, new Map([[ref.generationId, 2]]));
  await reading.noteUnreadMoney(begun.id, new Map([[`all:day:${today}`, IMAGE_NANO_USD]]));
  const plan = { since: 0, pastBefore: 0, sumsAt: Date.now() + 60_000, skipDamaged: false, fromDay: today, fromMonth: today.slice(0, 7) };
  await reading.openEarly({ id: begun.id, run: begun.run, epoch: 'an epoch' }, plan);
  const openedAt = performance.now();
  await store.claimTurn(READING_TURN, COMMAND_TURN_MS, 'the command that was killed');
  const [submissions, settlements] = [createSubmissions(redis, { prefix: PREFIX }), createSettlements(redis, { prefix: PREFIX })];

  const work = (archive: Partial<Recovery['archive']> = {}) => {
    const recovery = joinRecovery({ store, storage, submissions, settlements, timing: defaultTiming, maxSubmissions: 2, now: Date.now });
    return readHistory(
      redis,
      PREFIX,
      { store, recovery: { ...recovery, archive: { ...storage, ...archive } }, mayWrite: () => true, logger: silentLogger },
      { lookMs: 20, turnMs: 5000 },
    );
  };
  const close = async (): Promise<void> => {
    await Promise.all([submissions.close(), settlements.close()]);
    await world[Symbol.asyncDispose]();
  };
  return { ...world, ref, reading, submissions, settlements, work, openedAt, [Symbol.asyncDispose]: close };
}

describe.skipIf(inject('redisKind') === 'js')(
  'the part of history that a rebuild has left to read (needs valkey, redis or Debian packages)',
  () => {
    test('is read by a worker after the turn of a killed command has ended', async () => {
      await using world = await setup();
      const { store, redis, ref } = world;
      const workers = [world.work(), world.work()];
      await Promise.all(workers.map((worker) => worker.start()));
      await eventually(async () => expect(await redis.get(`${PREFIX}:epoch`)).toBe('an epoch'));
      expect(performance.now() - world.openedAt, 'the command may be alive').toBeGreaterThan(COMMAND_TURN_MS - 50);
      expect(await store.find(ref.generationId)).toMatchObject({ status: 'succeeded', images: [{ status: 'succeeded' }] });
      expect(await world.spent()).toEqual({ reserved: 0, settled: IMAGE_NANO_USD });
      expect(await world.reading.findReading()).toBeUndefined();
      await Promise.all(workers.map((worker) => worker.stop()));
    });

    test('shows in the metrics of a worker since when it waits, and 0 once it is read', async () => {
      await using world = await setup();
      const { redis, store, submissions, settlements } = world;
      const metrics = createMetrics({ process: 'worker' });
      addQueueGauges(metrics, { connection: redis, submissions, settlements, store, now: () => Date.now() + DAY_MS });
      const seconds = async (): Promise<number> =>
        Number(/^darkroom_history_reading_seconds\S* (.*)$/m.exec((await metrics.render()).text)?.[1]);
      expect(await seconds()).toBeGreaterThanOrEqual(DAY_MS / 1000);
      const worker = world.work();
      await worker.start();
      await eventually(async () => expect(await world.reading.findReading()).toBeUndefined());
      await worker.stop();
      await eventually(async () => expect(await seconds()).toBe(0));
    });

    test('is left to another by a worker that stops, whatever its S3 does', async () => {
      await using world = await setup();
      let hasAsked = false;
      const hanging = world.work({
        async *listRecordsOfDate() {
          hasAsked = true;
          yield await new Promise<never>(() => undefined);
        },
      });
      await hanging.start();
      await eventually(() => expect(hasAsked).toBe(true));
      await hanging.stop();
      expect(await world.store.claimTurn(READING_TURN, 1000, 'another')).toBe(true);
      expect(await world.reading.findReading()).toMatchObject({ left: 1 });
    });
  },
);
