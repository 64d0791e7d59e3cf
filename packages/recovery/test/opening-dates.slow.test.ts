import { createGenerationId, taskUuidOf, type SubmissionRef } from '@darkroom/contracts';
import type { ObjectStorage } from '@darkroom/object-storage';
import { recordPurchase } from '@darkroom/testing';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { restoreForgotten, type Comparison } from '../src/index.ts';
import { expectBound, OLD_MS, startOpeningWorld, openOnly, type OpeningWorld } from './opening-world.ts';
import { runRebuild } from './run-rebuild.ts';
import { nextOf } from './world.ts';

const DAY_MS = 86_400_000;

let world: OpeningWorld;
beforeEach(async () => void (world = await startOpeningWorld()));
afterEach(() => world.stop());

const dateOf = (at: number): string => new Date(at).toISOString().slice(0, 10);

/** Writes the records of a generation once more, as one that was ordered some days ago. */
async function copyTo(daysAgo: number, { generationId, index, n }: SubmissionRef): Promise<{ ref: SubmissionRef; date: string }> {
  const at = Date.now() - daysAgo * DAY_MS;
  const ref = { generationId: createGenerationId(at), index, n };
  const [intent, result, found] = await Promise.all([
    world.storage.findIntent({ generationId, index, n }, 0),
    world.storage.findResult({ generationId, index, n }),
    world.storage.findRequest(generationId),
  ]);
  if (intent?.version !== 2 || found.kind !== 'found') throw new Error('there is no purchase to copy');
  const { idempotencyKeyHash: _, ...rest } = intent;
  await recordPurchase(world.storage, { intent: { ...rest, ...ref, taskUUID: taskUuidOf(ref) }, request: found.kept.request });
  await world.storage.recordResult({ ...result!, ...ref, taskUUID: taskUuidOf(ref) });
  return { ref, date: dateOf(at) };
}

/** Notes the dates of which all names are listed. @param untouched A date whose records were written when their ids were made. */
function watch(untouched = ''): { archive: ObjectStorage; listed: string[] } {
  const listed: string[] = [];
  const archive: ObjectStorage = {
    ...world.storage,
    async *listRecordsOfDate(date, ...others) {
      listed.push(date);
      for await (const record of world.storage.listRecordsOfDate(date, ...others))
        yield date === untouched ? { ...record, writtenAt: Date.parse(date) } : record;
    },
  };
  return { archive, listed };
}

/** Compares Redis with S3 as after a restart, since the checkpoint. */
async function compare(archive: ObjectStorage): Promise<Comparison> {
  const since = (await world.store.findCheckpoint())?.at;
  expect(since).toBeDefined();
  return restoreForgotten({ ...world.recovery, archive }, { since: since! });
}

test('while a rebuild reads on, a comparison and the next reader list the dates that are not read, and no others', async () => {
  world.setAge(OLD_MS);
  const [template] = await world.enqueueOld();
  await world.send(template);
  await world.endOld(template, 'failed');
  const newer = await copyTo(3, template);
  const older = await copyTo(4, template);
  const untouched = await copyTo(60, template);
  world.setAge(0);
  await world.writeSums();
  await world.wipe();

  const stop = new AbortController();
  const opening = { signal: stop.signal, onOpened: () => Promise.resolve(stop.abort()) };
  expect(await runRebuild(world, opening, { archive: watch(untouched.date).archive })).toEqual({ kind: 'stopped', isOpen: true });
  const dates = (await world.reading.findReading())?.dates;
  expect(dates?.slice(-2)).toEqual([newer.date, older.date]);
  const all = watch();
  expect(await compare(all.archive)).toMatchObject({ restored: [] });
  expect(all.listed).toEqual(dates);

  // Killed as soon as the newer of both is read.
  const killed = {
    bookPastDate: async (...given: Parameters<OpeningWorld['reading']['bookPastDate']>) => {
      const booked = await world.reading.bookPastDate(...given);
      if (given[1] === newer.date) throw new Error('killed');
      return booked;
    },
  };
  await expect(world.readOn({ store: killed })).rejects.toThrow('killed');
  expect((await world.reading.findReading())?.dates).toEqual([older.date]);
  const goBack = await world.snapshot();
  const rest = watch();
  expect(await world.readOn({ archive: rest.archive })).toMatchObject({ kind: 'opened' });
  expect(rest.listed).toEqual([older.date]);
  // Both are bought again, and Redis goes back: the newer one is open there, the older one unread.
  for (const { ref } of [newer, older]) await world.send(nextOf(ref));
  const truth = await world.readTruth();
  await goBack();
  const again = watch();
  const { restored } = await compare(again.archive);
  expect(restored.toSorted()).toEqual([newer, older].map(({ ref }) => ref.generationId).toSorted());
  expect(again.listed).toEqual([older.date]);
  await expectBound(world, truth);

  expect(await world.readOn()).toMatchObject({ kind: 'opened' });
  const none = watch();
  await world.redis.hset(`${world.prefix}:checkpoint`, 'since', 0);
  await compare(none.archive);
  expect(none.listed).toEqual([]);
});

test('a reading that an earlier version has begun names no dates, and all are listed', async () => {
  world.setAge(OLD_MS);
  const [old] = await world.enqueueOld();
  await world.send(old);
  await world.endOld(old, 'succeeded');
  world.setAge(0);
  await world.writeSums();
  const truth = await world.readTruth();
  await world.wipe();
  await openOnly(world);
  await world.redis.hdel(`${world.prefix}:reading`, 'dates');
  expect(await world.reading.findReading()).toMatchObject({ dates: 'all' });
  const all = watch();
  await compare(all.archive);
  expect(all.listed).toEqual(await world.storage.listRecordDates());
  expect(await world.readOn()).toMatchObject({ kind: 'opened' });
  expect(await world.readBound()).toEqual(truth);
});

test('dates that an earlier attempt has noted stay, though the next one is to read less', async () => {
  world.setAge(OLD_MS);
  const [template] = await world.enqueueOld();
  await world.send(template);
  await world.endOld(template, 'succeeded');
  const { ref, date } = await copyTo(10, template);
  world.setAge(0);
  await world.writeSums();
  await world.wipe();
  const killed = { noteUnreadMoney: () => Promise.reject(new Error('killed')) };
  await expect(runRebuild(world, {}, { store: killed })).rejects.toThrow('killed');
  const aged = watch(date);
  const stop = new AbortController();
  await runRebuild(world, { days: 2, signal: stop.signal, onOpened: () => Promise.resolve(stop.abort()) }, { archive: aged.archive });
  expect((await world.reading.findReading())?.dates).toContain(date);
  expect(await world.readOn()).toMatchObject({ kind: 'opened' });
  expect(await world.store.find(ref.generationId)).toMatchObject({ status: 'succeeded' });
});
