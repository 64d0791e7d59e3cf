import { createGenerationId } from '@darkroom/contracts';
import { describe, expect, test } from 'vitest';
import { retryOf, made, outlineOf, refOf, endedAs, endAs, failedTwice } from './retry-world.ts';
import { ended, endedForGood, IMAGE_NANO_USD, newGeneration, setup } from './world.ts';

describe('at the commit', () => {
  test.each(['failed', 'unknown', 'lost'] as const)(
    'a retry of a %s image that came home is not sent, and gives its money back',
    async (end) => {
      await using world = await setup();
      const original = await endedAs(world, end);
      const id = await made(world, original, end === 'failed' ? {} : { reason: 'r' });
      await world.store.settle(refOf(original), ended(refOf(original), 'succeeded'));
      expect(await world.store.commit(refOf(id), 't')).toMatchObject({ kind: 'stop', reason: 'replaced', detail: 'retry.image-arrived' });
      await world.store.settle(refOf(id), endedForGood(refOf(id), 'failed', { code: 'retry.image-arrived' }));
      expect(await world.spent()).toEqual({ reserved: 0, settled: IMAGE_NANO_USD });
      expect(await retryOf(world, original, { images: [0] })).toEqual({ kind: 'replayed', generationId: id });
      await expect(retryOf(world, id)).rejects.toMatchObject({ code: 'retry.already-succeeded', images: [{ generationId: original }] });
    },
  );

  test('it is not sent either if the entry of the image that came home has left Redis', async () => {
    await using world = await setup();
    const original = await endedAs(world, 'failed');
    const id = await made(world, original);
    await world.store.settle(refOf(original), ended(refOf(original), 'succeeded'));
    await world.redis.del(`${world.prefix}:generation:${original}`);
    expect(await world.store.commit(refOf(id), 't')).toMatchObject({ reason: 'replaced', detail: 'retry.image-arrived' });
  });

  test('an original that has left Redis without a late image is bought again', async () => {
    await using world = await setup();
    const original = await endedAs(world, 'failed');
    const id = await made(world, original);
    await world.redis.del(`${world.prefix}:generation:${original}`);
    expect(await world.store.commit(refOf(id), 't')).toMatchObject({ kind: 'go', intent: { retryOf: original, replaces: [0] } });
  });

  test('it waits while a send of the original may have been accepted, and buys after its failure', async () => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await world.send(ref);
    await world.store.settle(ref, endedForGood(ref, 'failed'));
    const id = await made(world, ref.generationId);
    const key = `${world.prefix}:submission:${ref.generationId}:0-1`;
    // a comparison finds a send that Redis forgot
    await world.redis.hset(key, 'status', 'committed', 'send:0', 'unknown');
    expect(await world.store.commit(refOf(id), 't')).toMatchObject({ kind: 'stop', reason: 'awaits-replaced', detail: ref.generationId });
    await world.redis.hset(key, 'status', 'unknown');
    expect(await world.store.commit(refOf(id), 't')).toMatchObject({ reason: 'replaced', detail: 'retry.unknown-outcome' });
    await world.redis.hset(key, 'status', 'failed');
    expect(await world.store.commit(refOf(id), 't')).toMatchObject({ kind: 'go' });
  });

  test('a late image of an earlier retry counts too, and no question delays a send that may have been accepted', async () => {
    await using world = await setup();
    const { original, first } = await failedTwice(world);
    const second = await made(world, original);
    await world.send(refOf(second, 1), 'unknown');
    await world.store.settle(refOf(first, 0), ended(refOf(first, 0), 'succeeded'));
    await world.store.settle(refOf(first, 1), ended(refOf(first, 1), 'succeeded'));
    expect(await world.store.commit(refOf(second, 0), 't')).toMatchObject({ reason: 'replaced' });
    expect(await world.store.commit(refOf(second, 1), 'u')).toMatchObject({ kind: 'go', fresh: false });
  });
});

describe('a restore from S3', () => {
  const restored = (generationId: string, given: { retryOf?: string; replaces?: number[]; createdAt?: number } = {}) => ({
    ...newGeneration(1, { generationId }),
    outline: outlineOf(1),
    createdAt: Date.now(),
    submissions: [
      {
        index: 0,
        n: 1,
        failures: 0,
        sent: { round: 0, firstSentAt: Date.now(), reservation: { amountNanoUsd: IMAGE_NANO_USD, periods: ['all:day:2026-11-22'] } },
      },
    ],
    ...given,
  });

  test.each(['original', 'retry'] as const)('brings the pair back, if the %s comes first', async (first) => {
    await using world = await setup();
    const [original, id] = [createGenerationId(Date.now()), createGenerationId(Date.now())];
    const both = [restored(original), restored(id, { retryOf: original, replaces: [0] })];
    for (const each of first === 'original' ? both : both.toReversed()) await world.store.restore(each);
    await world.store.settle(refOf(original), endedForGood(refOf(original), 'failed'));
    expect(await retryOf(world, original)).toEqual({ kind: 'replayed', generationId: id });
  });

  test('an image of a retry is not bought if its original came home before', async () => {
    await using world = await setup();
    const [original, id] = [createGenerationId(Date.now()), createGenerationId(Date.now())];
    await world.store.restore({ ...restored(id, { retryOf: original, replaces: [0] }), submissions: [{ index: 0, n: 1, failures: 0 }] });
    await world.store.rememberHome(original, [0]);
    expect(await world.store.commit(refOf(id), 't')).toMatchObject({ reason: 'replaced', detail: 'retry.image-arrived' });
  });

  test('notes a retry that is over for long: its image is not bought again unasked', async () => {
    await using world = await setup();
    const original = await endedAs(world, 'failed', 'failed');
    const createdAt = Date.now();
    for (const home of [[], [1]])
      await world.store.rememberRetry({
        generationId: createGenerationId(createdAt),
        retryOf: original,
        replaces: [...home, 0],
        createdAt,
        home,
      });
    await expect(retryOf(world, original)).rejects.toMatchObject({
      images: [{ code: 'retry.unknown-outcome' }, { code: 'retry.already-succeeded' }],
    });
  });
});

test('the notes about retries leave Redis with the last of their generations', async () => {
  await using world = await setup();
  const original = await endedAs(world, 'failed');
  const first = await made(world, original);
  const key = `${world.prefix}:retries:${original}`;
  expect(await world.redis.ttl(key)).toBe(-1);
  await endAs(world, refOf(first), 'failed');
  expect(await world.redis.ttl(key)).toBeGreaterThan(0);
  const second = await made(world, original);
  expect(await world.redis.ttl(key)).toBe(-1);
  await endAs(world, refOf(second), 'succeeded');
  expect(await world.redis.ttl(key)).toBeGreaterThan(0);
});
