import { createGenerationId } from '@darkroom/contracts';
import { buildErasingStore } from '@darkroom/generation-store';
import { imageKey, requestKey, resultKey } from '@darkroom/object-storage';
import { expect, test } from 'vitest';
import { restoreGeneration } from '../../src/index.ts';
import { setup, type World } from './world.ts';

const ERASED_AT = 1_790_000_000_000;

/** Lays a tombstone, as an eraser does that dies before it tells Redis. */
const bury = (world: World, generationId: string): Promise<void> =>
  world.s3.put(requestKey(generationId), JSON.stringify({ version: 1, generationId, erasedAt: ERASED_AT }));
const dueOf = async (world: World): Promise<string[]> =>
  (await buildErasingStore({ prefix: world.prefix }, world.redis).readDueErasures(10)).map(({ generationId }) => generationId);

test('a tombstone of which Redis knows nothing brings its generation back to the eraser, once', async () => {
  await using world = await setup();
  const [ref, other] = [(await world.enqueue())[0], (await world.enqueue())[0]];
  for (const each of [ref, other]) {
    await world.send(each);
    await world.finish(each);
  }
  await bury(world, ref.generationId);
  expect((await world.pass({ isThorough: true })).summary).toEqual({ 'erasure-forgotten': '1 repaired' });
  expect(await dueOf(world)).toEqual([ref.generationId]);
  expect((await world.pass({ isThorough: true })).summary).toEqual({});
});

test('a tombstone of an older date comes back to the eraser if an image lies beside it that it does not keep', async () => {
  await using world = await setup();
  const old = () => ({ generationId: createGenerationId(Date.now() - 20 * 86_400_000), index: 0, n: 1 });
  const [clean, beside, kept] = [old(), old(), old()];
  for (const { generationId } of [clean, beside]) await bury(world, generationId);
  const keeping = { version: 1, generationId: kept.generationId, erasedAt: ERASED_AT, keepsImages: true };
  await world.s3.put(requestKey(kept.generationId), JSON.stringify(keeping));
  for (const ref of [beside, kept]) await world.s3.put(imageKey(ref, 'JPG'), 'bytes');
  await world.s3.put(resultKey(clean), '{}');
  expect((await world.pass({ isThorough: true })).summary).toEqual({ 'erasure-forgotten': '1 repaired' });
  expect(await dueOf(world)).toEqual([beside.generationId]);
  expect((await world.pass({ isThorough: true })).summary).toEqual({});
});

test('a restore brings an erased generation back as erased, with its money, and to the eraser', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.finish(ref);
  await bury(world, ref.generationId);
  const reserved = await world.reserved();
  await world.redis.del(world.generationKey(ref), `${world.generationKey(ref)}:request`, world.submissionKey(ref));
  await restoreGeneration(world.recovery, ref.generationId);
  await expect(world.store.find(ref.generationId)).rejects.toMatchObject({ code: 'generation.erased' });
  expect(await world.store.findSubmissions(ref.generationId)).toMatchObject([{ status: 'succeeded' }]);
  expect(await world.redis.exists(`${world.generationKey(ref)}:request`)).toBe(0);
  expect(await dueOf(world)).toEqual([ref.generationId]);
  expect(await world.reserved()).toEqual(reserved);
});
