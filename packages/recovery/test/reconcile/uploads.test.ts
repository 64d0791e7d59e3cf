import { defaultTiming, taskUuidOf } from '@darkroom/contracts';
import { buildErasingStore } from '@darkroom/generation-store';
import { stagingKey } from '@darkroom/object-storage';
import { expect, test } from 'vitest';
import { defaultReconcileSettings } from '../../src/index.ts';
import { setup, type World } from './world.ts';

const TIDY_NOW = { settings: { tidyAfterMs: -1000 } };
/** Past the last look that a settlement makes by itself. */
const lateSettings = { settings: { timing: { ...defaultTiming, uploadWindowMs: 5000 }, patienceMs: -10_000 } };

async function uploads(world: World): Promise<string[]> {
  const all: string[] = [];
  for await (const { taskUUID } of world.storage.listUploads()) all.push(taskUUID);
  return all.toSorted();
}

test('the upload of an image that is kept is handed to the eraser after its time, once; those of others are not', async () => {
  await using world = await setup();
  const [done, under, refused, unkept] = await world.enqueue(4);
  for (const ref of [done, under!, refused!, unkept!]) {
    await world.send(ref);
    await world.upload(ref);
  }
  await world.finish(done);
  await world.finish(refused!, 'refused');
  await world.end(unkept!, 'succeeded');
  expect((await world.pass()).summary, 'while it is fresh').toEqual({});
  expect(await uploads(world)).toHaveLength(4);
  expect((await world.pass(TIDY_NOW)).summary).toEqual({ 'staging-left': '1 repaired' });
  const erasing = buildErasingStore({ prefix: world.prefix }, world.redis);
  expect(await erasing.readLeftUploads(10)).toEqual([taskUuidOf(done)]);
  expect(await uploads(world), 'a worker deletes nothing').toHaveLength(4);
  expect((await world.storage.readImage(done, 'JPG')).kind).toBe('found');
  expect((await world.pass(TIDY_NOW)).summary).toEqual({});
});

test.each(['refused', 'lost', 'unknown'] as const)(
  'an upload that came after its purchase had ended as %s wakes its settlement, once',
  async (how) => {
    await using world = await setup();
    const [ref] = await world.enqueue();
    await world.send(ref);
    await world.finish(ref, how);
    await world.upload(ref);
    expect((await world.pass()).summary, 'while the settlement may still look by itself').toEqual({});
    expect((await world.pass(lateSettings)).summary).toEqual({ 'late-upload': '1 repaired' });
    expect(await world.jobOf('settlements', ref)).toBe('waiting');
    expect((await world.pass(lateSettings)).summary).toEqual({});
    expect(await uploads(world)).toEqual([taskUuidOf(ref)]);
  },
);

test.each([
  ['two days ahead of', 2 * 86_400_000],
  ['ten minutes behind', -600_000],
  ['two days behind', -2 * 86_400_000],
])('a bucket whose clock is %s Redis time tells all the same of an upload that came after the end', async (_, aheadMs) => {
  await using world = await setup(aheadMs);
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.finish(ref, 'unknown');
  await world.s3.put(stagingKey(ref), 'bytes');
  expect((await world.pass(lateSettings)).summary).toEqual({ 'late-upload': '1 repaired' });
  expect(await world.jobOf('settlements', ref)).toBe('waiting');
  expect((await world.pass(lateSettings)).summary).toEqual({});
});

test('an upload that the settlement has seen before it gave up wakes no settlement', async () => {
  await using world = await setup();
  const [ref] = await world.enqueue();
  await world.send(ref);
  await world.upload(ref);
  await world.finish(ref, 'lost');
  // A window that is over by the time the settlement gives up, by the clock of S3, which counts seconds.
  const timing = { ...defaultTiming, uploadWindowMs: -1 };
  const settings = { timing, patienceMs: -defaultReconcileSettings.patienceMs - 10 * defaultTiming.uploadWindowMs };
  expect((await world.pass({ settings })).summary).toEqual({});
});
