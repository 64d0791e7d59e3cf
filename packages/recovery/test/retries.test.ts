import { createGenerationId, type SubmissionRef } from '@darkroom/contracts';
import { intentKey } from '@darkroom/object-storage';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { restoreForgotten } from '../src/index.ts';
import { DAY_MS, runRebuild } from './run-rebuild.ts';
import { IMAGE_NANO_USD, startWorld, type End, type World } from './world.ts';

/** The pair of an original and its retry, after Redis forgot it. */
let world: World;
beforeEach(async () => {
  world = await startWorld();
  await world.begin();
});
afterEach(() => world.stop());

/** Sends the first submissions of a generation; one with an end comes to it. */
async function bought(refs: readonly SubmissionRef[], ends: readonly (End | 'sent')[]): Promise<void> {
  for (const [index, ref] of refs.entries()) {
    await world.send(ref);
    const end = ends[index] ?? 'sent';
    if (end !== 'sent') await world.end(ref, end);
  }
}

async function retry(of: string, { images, reason }: { images?: number[]; reason?: string } = {}) {
  const old = await world.store.find(of);
  if (old === undefined) throw new Error('the original is gone');
  const indexes = images ?? old.images.filter(({ status }) => status !== 'succeeded').map(({ index }) => index);
  return world.store.retry({
    generationId: createGenerationId(Date.now()),
    tenant: old.tenant,
    request: { ...old.request, numberResults: indexes.length },
    imageNanoUsd: IMAGE_NANO_USD,
    retryOf: of,
    replaces: indexes,
    of,
    indexes,
    isAll: images === undefined,
    ...(reason !== undefined && { payAgainReason: reason }),
  });
}

/** Makes a retry of a generation whose images were refused, and sends its first image. */
async function pair(end: End | 'sent' = 'sent', images?: number[], ends: readonly End[] = ['refused']) {
  const refs = await world.enqueue(ends.length);
  await bought(refs, ends);
  const receipt = await retry(refs[0].generationId, { reason: 'for the test', ...(images && { images }) });
  if (receipt.kind === 'changed') throw new Error('the original has changed');
  const ref: SubmissionRef = { generationId: receipt.generationId, index: 0, n: 1 };
  await bought([ref], [end]);
  return { original: refs[0], ref };
}

test.each(['sent', 'succeeded', 'unknown'] as const)(
  'after a rebuild a repeated retry answers with the first one, which is %s',
  async (end) => {
    const { original, ref } = await pair(end);
    await world.wipe();
    expect(await runRebuild(world)).toMatchObject({ kind: 'opened' });
    expect(await retry(original.generationId)).toEqual({ kind: 'replayed', generationId: ref.generationId });
    expect(await world.storage.findIntent(ref, 0)).toMatchObject({
      retryOf: original.generationId,
      replaces: [0],
      mayPayAgain: true,
      reason: 'for the test',
    });
  },
);

test('after a comparison a repeated retry answers with the first one', async () => {
  const { original, ref } = await pair();
  const { prefix, redis } = world;
  await redis.del(`${prefix}:generation:${ref.generationId}`, `${prefix}:submission:${ref.generationId}:0-1`);
  await redis.del(`${prefix}:retries:${original.generationId}`);
  expect((await restoreForgotten(world.recovery)).restored).toEqual([ref.generationId]);
  expect(await retry(original.generationId)).toEqual({ kind: 'replayed', generationId: ref.generationId });
});

test('a retry that ended before Redis would keep it is remembered at an original that stays', async () => {
  const { original } = await pair('succeeded', [0], ['refused', 'unknown']);
  await world.wipe();
  expect(await runRebuild(world, { keptMs: 7 * DAY_MS }, { now: () => Date.now() + 20 * DAY_MS })).toMatchObject({ kind: 'opened' });
  await expect(retry(original.generationId)).rejects.toMatchObject({
    images: [
      { index: 0, code: 'retry.already-succeeded' },
      { index: 1, code: 'retry.unknown-outcome' },
    ],
  });
});

test('a restored retry does not buy an image that came home before, also if its original gets no entry', async () => {
  const { original, ref } = await pair('sent', [0, 1], ['refused', 'refused']);
  await world.end(original, 'succeeded', { amendment: true });
  await world.end({ ...original, index: 1 }, 'succeeded', { amendment: true });
  await world.wipe();
  expect(await runRebuild(world, { keptMs: 7 * DAY_MS }, { now: () => Date.now() + 20 * DAY_MS })).toMatchObject({ kind: 'opened' });
  expect(await world.store.find(original.generationId)).toBeUndefined();
  expect(await world.store.commit({ ...ref, index: 1 }, 'token')).toMatchObject({ reason: 'replaced', detail: 'retry.image-arrived' });
});

test('a retry with damaged records keeps its images from being bought again', async () => {
  const { original, ref } = await pair('succeeded');
  const intent = await world.storage.findIntent(ref, 0);
  await world.wipe();
  await world.plant(intentKey(ref, 0), JSON.stringify({ ...intent, version: 99 }));
  expect(await runRebuild(world, { skipDamaged: true })).toMatchObject({ kind: 'opened' });
  await expect(retry(original.generationId)).rejects.toMatchObject({ code: 'queue.unavailable', details: { reason: 'damaged' } });
});

test('a cancelled image that its retry has bought is not bought again after Redis forgot the cancel', async () => {
  const [home, cancelled] = await world.enqueue(2);
  await bought([home], ['succeeded']);
  await world.store.cancel(home.generationId);
  const receipt = await retry(home.generationId);
  if (receipt.kind === 'changed') throw new Error('the original has changed');
  await bought([{ generationId: receipt.generationId, index: 0, n: 1 }], ['succeeded']);
  await world.wipe();
  expect(await runRebuild(world)).toMatchObject({ kind: 'opened' });
  if (cancelled === undefined) throw new Error('two images were ordered');
  expect(await world.store.commit(cancelled, 'token')).toMatchObject({ kind: 'stop', reason: 'replaced', detail: 'retry.image-arrived' });
});
