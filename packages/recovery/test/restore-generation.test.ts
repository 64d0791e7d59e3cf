import { intentKey } from '@darkroom/object-storage';
import { eventually, photograph } from '@darkroom/testing';
import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { decideOutcome } from '@darkroom/purchase';
import { restoreForgotten, restoreGeneration } from '../src/index.ts';
import { expectJobs, takePicture } from './picture.ts';
import { IMAGE_NANO_USD, nextOf, startWorld, type End, type World } from './world.ts';

let world: World;
beforeAll(async () => {
  world = await startWorld();
});
afterAll(() => world.stop());
beforeEach(() => world.begin());

/** Fate of the submissions of one image, one after the other; "sent" is the last, if it is there. */
const imageLives = fc.oneof(
  fc.constant<(End | 'sent')[]>([]),
  fc.constantFrom<(End | 'sent')[]>(['sent'], ['succeeded'], ['refused'], ['lost'], ['unknown']),
  fc.constantFrom<(End | 'sent')[]>(['failed'], ['failed', 'sent'], ['failed', 'failed'], ['failed', 'succeeded'], ['failed', 'unknown']),
);
const lives = fc
  .array(imageLives, { minLength: 1, maxLength: 3 })
  .filter((images) => images.some((life) => life.length > 0))
  .chain((images) =>
    fc.record({ images: fc.constant(images), late: fc.boolean(), forgottenFrom: fc.double({ min: 0, max: 1, noNaN: true }) }),
  );

test('a restore brings a generation back as it was, after Redis forgot all of it or its last part', { timeout: 60_000 }, async () => {
  await fc.assert(
    fc.asyncProperty(lives, async ({ images, late, forgottenFrom }) => {
      const order = world.newGeneration(images.length, { tenant: `tenant-${Math.random()}`, idempotencyKey: `key-${Math.random()}` });
      const { generationId } = order;
      const steps: (() => Promise<unknown>)[] = [() => world.store.enqueue(order)];
      images.forEach((life, index) =>
        life.forEach((how, at) => {
          const ref = { generationId, index, n: at + 1 };
          steps.push(() => world.send(ref));
          if (how !== 'sent') steps.push(() => world.end(ref, how));
        }),
      );
      // an image of a failed first submission that comes after the second was planned or bought
      const lateRef = images.findIndex(([first]) => first === 'failed' || first === 'lost');
      if (late && lateRef >= 0) steps.push(() => world.end({ generationId, index: lateRef, n: 1 }, 'succeeded', { amendment: true }));

      const kept = Math.floor(forgottenFrom * (steps.length + 1));
      let goBack = await photograph(world);
      for (const [at, step] of steps.entries()) {
        if (at === kept) goBack = await photograph(world);
        await step();
      }
      if (kept >= steps.length) goBack = await photograph(world);
      const before = await takePicture(world, generationId);
      await goBack();
      await restoreGeneration(world.recovery, generationId);
      expect(await takePicture(world, generationId)).toEqual(before);
      await expectJobs(world, generationId);

      // again, it changes nothing
      expect(await restoreGeneration(world.recovery, generationId)).toBe('known');
      expect(await takePicture(world, generationId)).toEqual(before);
      expect(await world.store.enqueue(order), 'the same order again').toEqual({ kind: 'exists', generationId, noWorkerSince: 0 });
      await world.begin();
    }),
    { numRuns: 25 },
  );
});

describe('a restore takes no sent submission for unsent', () => {
  test('a send that Redis forgot is one with an unknown outcome, from the time of its intent', async () => {
    const [ref] = await world.enqueue();
    const goBack = await photograph(world);
    const { firstSentAt } = await world.send(ref);
    await goBack();
    expect(await restoreGeneration(world.recovery, ref.generationId)).toBe('restored');
    expect(await world.submission(ref)).toMatchObject({ status: 'committed', 'send:0': 'unknown', firstSentAt: String(firstSentAt) });
    const again = await world.commit(ref);
    expect(again).toMatchObject({ fresh: false, intent: { firstSentAt, round: 1 } });
    expect(await world.store.recordVerdict(ref, again.send, 'refused')).toBe('unproven');
  });

  test('money that was held only when it was bought is held again, in the periods of its intent', async () => {
    const { generationId } = await world.store.enqueue(world.newGeneration(1, { tenant: 'later', runAt: Date.now() + 300 }));
    const ref = { generationId, index: 0, n: 1 };
    const goBack = await photograph(world);
    await eventually(() => world.send(ref));
    await goBack();
    expect((await world.submission(ref))['held']).toBe('due');
    await restoreGeneration(world.recovery, generationId);
    const day = Object.entries(await world.ledger()).find(([period]) => period.startsWith('tenant:later:day:'))?.[1];
    expect(day).toEqual({ reserved: IMAGE_NANO_USD, settled: 0 });
    await world.end(ref, 'succeeded');
    expect(Object.entries(await world.ledger()).find(([period]) => period.startsWith('tenant:later:day:'))?.[1]).toEqual({
      reserved: 0,
      settled: IMAGE_NANO_USD,
    });
  });

  test('one that was given up meanwhile stays given up, and is looked for', async () => {
    const [ref] = await world.enqueue(1, { tenant: 'gave-up' });
    const goBack = await photograph(world);
    await world.send(ref);
    await goBack();
    await world.store.cancel(ref.generationId);
    expect(await restoreGeneration(world.recovery, ref.generationId)).toBe('restored');
    expect(await world.jobOf('settlements', ref)).toBe('delayed');
    expect(await restoreGeneration(world.recovery, ref.generationId)).toBe('known');
    await world.end(ref, 'succeeded');
    expect(await world.store.find(ref.generationId)).toMatchObject({
      status: 'cancelled',
      amended: true,
      costUsd: '0.02',
      images: [{ status: 'succeeded' }],
    });
  });

  test('a round after that of the newest intent was not sent', async () => {
    const [ref] = await world.enqueue();
    const { send } = await world.commit(ref);
    await world.store.recordVerdict(ref, send, 'throttled');
    expect(await restoreGeneration(world.recovery, ref.generationId)).toBe('known');
    expect(await world.submission(ref)).toMatchObject({ status: 'planned', round: '1' });
  });

  test('a restore leaves a submission alone while its send is under way', async () => {
    const [ref] = await world.enqueue();
    await world.commit(ref);
    const before = await world.submission(ref);
    expect(await restoreGeneration(world.recovery, ref.generationId)).toBe('known');
    expect(await world.submission(ref)).toEqual(before);
  });
});

describe('how a generation ended stays what callers were told', () => {
  test('expired, although its image came home after that', async () => {
    const { generationId } = await world.store.enqueue(world.newGeneration(1, { deadlineAt: Date.now() + 200 }));
    const ref = { generationId, index: 0, n: 1 };
    await world.send(ref);
    await eventually(async () => {
      await world.store.beginSettlement(ref);
      expect((await world.store.find(generationId))?.status).toBe('expired');
    });
    await world.end(ref, 'succeeded');
    const before = await takePicture(world, generationId);
    await world.wipe();
    await restoreGeneration(world.recovery, generationId);
    const after = await takePicture(world, generationId);
    expect(after).toEqual(before);
    expect(after.generation).toMatchObject({ status: 'expired', amended: true });
  });
});

describe('the decision of an operator on an unknown outcome', () => {
  test.each(['charged', 'free'] as const)('"%s" is restored with its money, by any process that finds it missing', async (decision) => {
    const [ref] = await world.enqueue(2, { tenant: `decided-${decision}` });
    await world.send(ref);
    await world.end(ref, 'unknown');
    const goBack = await photograph(world);
    await decideOutcome({ store: world.store, archive: world.storage }, ref, decision);
    const before = await takePicture(world, ref.generationId);
    expect(before.generation.images[0]).toMatchObject({ fault: { code: 'submission.written-off' } });

    await goBack();
    expect((await world.submission(ref))['status']).toBe('unknown');
    const { restored } = await restoreForgotten(world.recovery);
    expect(restored).toContain(ref.generationId);
    // the bucket holds generations of other tests, which are in the ledger now
    const { ledger: _ledger, ...expected } = before;
    expect(await takePicture(world, ref.generationId)).toMatchObject(expected);

    await world.wipe();
    await restoreGeneration(world.recovery, ref.generationId);
    expect(await takePicture(world, ref.generationId)).toEqual(before);
    expect((await world.store.readUnknown(10)).count).toBe(0);
  });

  test('gives way to the image that came home after it', async () => {
    const [ref] = await world.enqueue(1, { tenant: 'decided-and-late' });
    await world.send(ref);
    await world.end(ref, 'unknown');
    await decideOutcome({ store: world.store, archive: world.storage }, ref, 'charged');
    await world.end(ref, 'succeeded', { amendment: true });
    const before = await takePicture(world, ref.generationId);
    await world.wipe();
    await restoreGeneration(world.recovery, ref.generationId);
    expect(await takePicture(world, ref.generationId)).toEqual(before);
    expect(before.generation).toMatchObject({ amended: true, costUsd: '0.02', images: [{ status: 'succeeded' }] });
  });
});

describe('an idempotency key that two generations had, one after the other', () => {
  test.each([
    ['older first', (ids: string[]) => ids],
    ['younger first', (ids: string[]) => ids.toReversed()],
  ])('belongs to the younger, brought back %s', async (_, inOrder) => {
    const given = { idempotencyKey: 'k', request: world.newGeneration().request };
    const orders = [world.newGeneration(1, given), world.newGeneration(1, given)];
    for (const order of orders) {
      await world.store.enqueue(order);
      const ref = { generationId: order.generationId, index: 0, n: 1 };
      await world.send(ref);
      await world.end(ref, 'succeeded');
      await world.begin();
    }
    const ids = orders.map(({ generationId }) => generationId).toSorted();
    for (const id of inOrder(ids)) await restoreGeneration(world.recovery, id);
    expect(await world.store.enqueue(world.newGeneration(1, given))).toMatchObject({ generationId: ids[1] });
  });
});

describe('records that are damaged', () => {
  test.each([
    ['an intent that cannot be read', 'not json'],
    ['an intent of another form', '{}'],
  ])('%s stops the restore, and nothing is changed', async (_, text) => {
    const [ref] = await world.enqueue();
    await world.send(ref);
    await world.wipe();
    const other = { ...ref, index: 7 };
    await world.plant(intentKey(other, 0), text);
    await expect(restoreGeneration(world.recovery, ref.generationId)).rejects.toMatchObject({ code: 'storage.corrupt-record' });
    expect(await world.store.find(ref.generationId)).toBeUndefined();
  });

  test('an intent that is missing among others stops it, too', async () => {
    const [ref] = await world.enqueue();
    await world.send(ref);
    const intent = await world.storage.findIntent(ref, 0);
    if (intent === undefined) throw new Error('there is no intent');
    await world.storage.recordIntent({ ...intent, ...nextOf(nextOf(ref)) });
    await expect(restoreGeneration(world.recovery, ref.generationId)).rejects.toMatchObject({
      code: 'storage.corrupt-record',
      details: { index: 0, n: 2 },
    });
  });

  test('a request that cannot be read stops it, too', async () => {
    const [ref] = await world.enqueue();
    const intent = await world.send(ref);
    const { requestDigest: _, ...rest } = intent;
    await world.storage.recordIntent({ ...rest, version: 1, round: 1, request: { positivePrompt: 7 } });
    await expect(restoreGeneration(world.recovery, ref.generationId)).rejects.toMatchObject({ code: 'storage.corrupt-record' });
  });

  test('S3 that is away is trouble of that moment', async () => {
    const away = { ...world.recovery, archive: { ...world.recovery.archive, findIntent: () => Promise.reject(new Error('away')) } };
    const [ref] = await world.enqueue();
    await world.send(ref);
    await expect(restoreGeneration(away, ref.generationId)).rejects.toThrow('away');
  });
});

test('a restore brings nothing back without records', async () => {
  const [ref] = await world.enqueue();
  await world.wipe();
  expect(await restoreGeneration(world.recovery, ref.generationId)).toBe('no-records');
  expect(await world.redis.keys(`${world.prefix}:*`)).toEqual([`${world.prefix}:caps`]);
});

test('a generation whose images have all come home costs Redis one script for its entry and one for each end', async () => {
  const refs = await world.enqueue(2);
  for (const ref of refs) {
    await world.send(ref);
    await world.end(ref, 'succeeded');
  }
  await world.begin();
  const asked: string[] = [];
  const store = Object.fromEntries(
    Object.entries(world.store).map(([name, work]) => [
      name,
      (...given: never[]) => {
        asked.push(name);
        return (work as (...args: never[]) => unknown)(...given);
      },
    ]),
  ) as unknown as World['store']; // the same methods
  expect(await restoreGeneration({ ...world.recovery, store }, refs[0].generationId)).toBe('restored');
  expect(asked).toEqual(['restore', 'settle', 'settle']);
  expect(await world.store.find(refs[0].generationId)).toMatchObject({ status: 'succeeded' });
});
