import {
  COMPARED_MS,
  createGenerationId,
  GENERATION_ID_AHEAD_MS,
  GENERATION_ID_MAX_AGE_MS,
  MAX_CHECKPOINT_AGE_MS,
  type SubmissionRef,
} from '@darkroom/contracts';
import { photograph } from '@darkroom/testing';
import { intentKey } from '@darkroom/object-storage';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { restoreForgotten, type Recovery } from '../src/index.ts';
import { nextOf, startWorld, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.begin());

test('a worker restores the generations that Redis forgot, and reads no others', async () => {
  const [known] = await world.enqueue();
  await world.send(known);
  await world.end(known, 'succeeded');
  const [sendForgotten] = await world.enqueue();
  const [endForgotten] = await world.enqueue();
  await world.send(endForgotten);
  const [givenUp] = await world.enqueue();
  const [resubmitted] = await world.enqueue();
  await world.send(resubmitted);
  const goBack = await photograph(world);
  const [enqueueForgotten] = await world.enqueue();
  for (const ref of [sendForgotten, givenUp, enqueueForgotten]) await world.send(ref);
  await world.end(endForgotten, 'succeeded');
  await world.end(resubmitted, 'failed');
  await world.send(nextOf(resubmitted));
  await goBack();
  await world.store.cancel(givenUp.generationId);

  const reads = world.s3.countOf('GetObject');
  const { compared, restored, damaged } = await restoreForgotten(world.recovery);
  const forgotten = [sendForgotten, endForgotten, givenUp, enqueueForgotten, resubmitted].map(({ generationId }) => generationId);
  expect(restored.toSorted()).toEqual(forgotten.toSorted());
  expect(compared).toBeGreaterThanOrEqual(6);
  expect(damaged).toEqual([]);
  expect(world.s3.countOf('GetObject') - reads, 'intents, results and requests of those alone').toBe(13);
  expect((await world.submission(enqueueForgotten))['status']).toBe('committed');
  expect((await world.submission(endForgotten))['status']).toBe('succeeded');
  expect((await world.submission(nextOf(resubmitted)))['status']).toBe('committed');
  expect(await restoreForgotten(world.recovery)).toMatchObject({ restored: [] });
});

test('a repeated send that was forgotten is found by its own intent, and the verdict of the send before it ends nothing', async () => {
  const [ref] = await world.enqueue();
  const { send } = await world.commit(ref);
  const goBack = await photograph(world);
  const repeated = await world.commit(ref);
  await world.store.recordVerdict(ref, repeated.send, 'accepted');
  await goBack();
  const first = await world.submission(ref);
  expect((await restoreForgotten(world.recovery)).restored).toContain(ref.generationId);
  expect(await world.submission(ref)).toMatchObject({
    status: 'committed',
    'send:0': 'unknown',
    memory: '',
    firstSentAt: first['firstSentAt'],
  });
  expect(await world.store.recordVerdict(ref, send, 'refused')).toBe('unproven');
  expect((await restoreForgotten(world.recovery)).restored).not.toContain(ref.generationId);
});

test('a process that dies once the entry is back leaves a settlement: the next comparison takes the generation for known', async () => {
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.begin();
  const died = new Error('died');
  const dying = {
    ...world.recovery,
    store: {
      ...world.recovery.store,
      restore: async (...args: Parameters<World['store']['restore']>) => {
        await world.recovery.store.restore(...args);
        throw died;
      },
    },
  };
  await expect(restoreForgotten(dying)).rejects.toBe(died);
  expect((await restoreForgotten(world.recovery)).restored).not.toContain(ref.generationId);
  expect(await world.jobOf('settlements', ref)).toBe('delayed');
});

test('a generation that was enqueued long ago and is not open is left alone: its time in Redis may be over', async () => {
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.begin();
  const later = { ...world.recovery, now: () => Date.now() + COMPARED_MS + GENERATION_ID_MAX_AGE_MS + 1000 };
  expect(await restoreForgotten(later)).toEqual({ compared: 0, restored: [], damaged: [], foreign: [] });
  expect(await restoreForgotten(world.recovery)).toMatchObject({
    restored: expect.arrayContaining([ref.generationId]) as string[],
  });
});

describe('behind a checkpoint', () => {
  /** Other tests have left records in the bucket. */
  const amongst = (restored: readonly string[], ...refs: SubmissionRef[]): string[] =>
    restored.filter((generationId) => refs.some((ref) => ref.generationId === generationId)).toSorted();
  const idsOf = (...refs: SubmissionRef[]): string[] => refs.map(({ generationId }) => generationId).toSorted();

  /** Redis forgets all that came after this moment, and knows it by a checkpoint that it wrote then. */
  async function checkpoint(): Promise<{ goBack: () => Promise<void>; since: number }> {
    await world.store.noteCheckpoint();
    const { at } = (await world.store.findCheckpoint()) ?? {};
    if (at === undefined) throw new Error('there is no checkpoint');
    return { goBack: await photograph(world), since: at };
  }

  test('a worker restores generations enqueued since, under an old id too, and open generations with ids of any age', async () => {
    const openIds = Array.from({ length: 450 }, (_, at) => createGenerationId(Date.now() - 7_200_000 - at));
    for (const generationId of openIds) await world.enqueue(1, { generationId });
    const { goBack, since } = await checkpoint();
    const [young] = await world.enqueue();
    const [old] = await world.enqueue(1, { generationId: createGenerationId(Date.now() - 3_600_000) });
    const ofOpen = [0, 200, 449].map((at) => ({ generationId: openIds[at] ?? '', index: 0, n: 1 }));
    for (const ref of [young, ...ofOpen]) await world.send(ref);
    await world.storage.recordLateId({ generationId: old.generationId, createdAt: Date.now() });
    await world.send(old);
    await goBack();
    const lists = world.s3.countOf('ListObjectsV2');
    const { restored } = await restoreForgotten(world.recovery, { since });
    expect(amongst(restored, young, old, ...ofOpen)).toEqual(idsOf(young, old, ...ofOpen));
    expect(world.s3.countOf('ListObjectsV2') - lists, 'not one for each that is open').toBeLessThan(12);
    expect((await restoreForgotten(world.recovery, { since })).restored).toEqual([]);
  });

  test('open generations are asked about one by one where too much lies between them', async () => {
    const ids = [4, 3].map((hours) => createGenerationId(Date.now() - hours * 3_600_000));
    const [first, last] = await Promise.all(ids.map((generationId) => world.enqueue(1, { generationId })));
    const { goBack, since } = await checkpoint();
    await world.send(last![0]);
    await goBack();
    const archive: Recovery['archive'] = {
      ...world.storage,
      async *listRecordsBetween(date, from, to) {
        if (from === first![0].generationId)
          for (let at = 0; at < 5000; at += 1)
            yield {
              generationId: createGenerationId(Date.now() - 3.5 * 3_600_000),
              index: 0,
              n: 1,
              kind: 'intent',
              round: 0,
              writtenAt: 0,
            };
        else yield* world.storage.listRecordsBetween(date, from, to);
      },
    };
    expect((await restoreForgotten({ ...world.recovery, archive }, { since })).restored).toContain(last![0].generationId);
  });

  test('a clock of Redis that was set back a little makes no gap, and what is over and older is left alone', async () => {
    const [over] = await world.enqueue(1, { generationId: createGenerationId(Date.now() - 3_600_000) });
    await world.send(over);
    await world.end(over, 'succeeded');
    const { goBack, since } = await checkpoint();
    const [ref] = await world.enqueue(1, { generationId: createGenerationId(Date.now() - GENERATION_ID_AHEAD_MS + 1000) });
    await world.send(ref);
    await goBack();
    await world.redis.del(`${world.prefix}:generation:${over.generationId}`, `${world.prefix}:submission:${over.generationId}:0-1`);
    const { restored } = await restoreForgotten(world.recovery, { since: since + 59_000 });
    expect(amongst(restored, ref, over)).toEqual(idsOf(ref));
  });

  test('objects that are none of Darkroom are named, and passed by', async () => {
    const { goBack, since } = await checkpoint();
    const [ref] = await world.enqueue();
    await world.send(ref);
    const foreign = [intentKey(ref, 0).replace('0-1.intent.json', 'notes.txt'), `records/late/${Date.now()}`];
    for (const key of foreign) await world.plant(key, 'of a person');
    await goBack();
    const found = await restoreForgotten(world.recovery, { since });
    expect(found.foreign.toSorted()).toEqual(foreign.toSorted());
    expect(found.restored).toContain(ref.generationId);
  });

  test('a generation that is missing behind more than five days needs a rebuild, unless Redis knew it and let it go', async () => {
    const [over] = await world.enqueue();
    await world.send(over);
    await world.end(over, 'succeeded');
    const { goBack, since } = await checkpoint();
    const later = { ...world.recovery, now: () => Date.now() + MAX_CHECKPOINT_AGE_MS + 60_000 };
    await world.redis.del(`${world.prefix}:generation:${over.generationId}`, `${world.prefix}:submission:${over.generationId}:0-1`);
    expect((await restoreForgotten(later, { since })).restored).not.toContain(over.generationId);
    const [damaged] = await world.enqueue();
    await world.plant(intentKey(damaged, 0), 'not json');
    await goBack();
    const named = (await restoreForgotten(later, { since })).damaged.map(({ generationId }) => generationId);
    expect(named, 'what nothing tells about keeps nothing else waiting').toContain(damaged.generationId);
    const [ref] = await world.enqueue();
    await world.send(ref);
    await goBack();
    await expect(restoreForgotten(later, { since })).rejects.toMatchObject({ code: 'store.rebuild-needed' });
  });
});

test('a damaged record is named, and all others are brought back', async () => {
  const [ref] = await world.enqueue();
  await world.send(ref);
  const [other] = await world.enqueue();
  await world.send(other);
  await world.plant(intentKey(nextOf(ref), 0), 'not json');
  await world.begin();
  const { restored, damaged } = await restoreForgotten(world.recovery);
  // other tests have left damage in the bucket
  expect(damaged.filter(({ generationId }) => generationId === ref.generationId)).toMatchObject([
    { generationId: ref.generationId, error: { code: 'storage.corrupt-record', details: { key: intentKey(nextOf(ref), 0) } } },
  ]);
  expect(restored).toContain(other.generationId);
});

test('records that cannot be used, and entries that are no generations, are named or passed over, and the rest is brought back', async () => {
  const [ofAnotherType] = await world.enqueue();
  const [withoutMoney] = await world.enqueue();
  const [forgotten] = await world.enqueue();
  const goBack = await photograph(world);
  for (const ref of [ofAnotherType, withoutMoney, forgotten]) await world.send(ref);
  await goBack();
  const [first, second] = [ofAnotherType, withoutMoney].map(({ generationId }) => `${world.prefix}:submission:${generationId}:0-1`);
  await world.redis.del(first ?? '');
  await world.redis.set(first ?? '', 'x');
  await world.redis.hset(second ?? '', { reserved: 'NaN', round: 'x' });
  await world.redis.zadd(`${world.prefix}:open`, 1, 'no id', 2, '../../images', 3, '');
  const { restored, damaged } = await restoreForgotten(world.recovery);
  expect(restored).toContain(forgotten.generationId);
  // other tests have left damage in the bucket
  const mine = damaged.filter(({ error }) => error.code === 'store.corrupt-record');
  expect(mine.map(({ generationId }) => generationId).toSorted()).toEqual(
    [ofAnotherType.generationId, withoutMoney.generationId].toSorted(),
  );
  for (const key of [first, second]) expect(mine.map(({ error }) => error.message).join()).toContain(`"${key}"`);
});

test('a worker finds a generation with the oldest accepted id as long as any other of its time, over each midnight', async () => {
  const slackMs = GENERATION_ID_AHEAD_MS + 60_000;
  const goBack = await photograph(world);
  const [ref] = await world.enqueue(1, { generationId: createGenerationId(Date.now() - GENERATION_ID_MAX_AGE_MS + slackMs) });
  await world.send(ref);
  for (const laterMs of [0, COMPARED_MS / 2, COMPARED_MS - slackMs]) {
    await goBack();
    const { restored } = await restoreForgotten({ ...world.recovery, now: () => Date.now() + laterMs });
    expect(restored).toContain(ref.generationId);
  }
});
