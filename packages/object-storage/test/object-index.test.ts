import { taskUuidOf } from '@darkroom/contracts';
import { expect, test } from 'vitest';
import { createErasingStorage } from '../src/index.ts';
import { NOW, refOf, setup, upload } from './world.ts';

const bytes = Buffer.from('bytes');
const collect = async <T>(all: AsyncIterable<T>): Promise<T[]> => {
  const collected: T[] = [];
  for await (const each of all) collected.push(each);
  return collected;
};

test('lists images by the day of their generation, each with the submission of its key', async () => {
  await using world = await setup();
  const { storage } = world;
  const refs = [refOf(NOW), refOf(NOW, 1, 2), refOf(NOW - 86_400_000)];
  for (const ref of refs) await storage.keepImage(ref, { format: 'PNG', contentType: 'image/png' }, bytes);
  await storage.quarantine(refOf(NOW), bytes);
  const today = await collect(storage.listImagesOfDate('2026-11-22'));
  expect(today.map(({ writtenAt, ...ref }) => ref)).toEqual(
    refs.slice(0, 2).toSorted((one, other) => (one.generationId < other.generationId ? -1 : 1)),
  );
  for (const { writtenAt } of today) expect(Math.abs(Date.now() - writtenAt)).toBeLessThan(60_000);
  expect(await storage.listImagesOf(refs[2]!.generationId)).toMatchObject([refs[2]]);
  expect(await storage.listImagesOf(refOf().generationId)).toEqual([]);
});

test('lists uploads, and the eraser deletes them in bulk, and nothing else', async () => {
  await using world = await setup();
  const { storage, s3 } = world;
  const [kept, deleted] = [refOf(), refOf()];
  for (const ref of [kept, deleted]) {
    await (await upload(await storage.presignUpload(ref, 60), bytes, { connection: 'close' })).arrayBuffer();
    await storage.keepImage(ref, { format: 'PNG', contentType: 'image/png' }, bytes);
  }
  expect((await collect(storage.listUploads())).map(({ taskUUID }) => taskUUID).toSorted()).toEqual(
    [kept, deleted].map(taskUuidOf).toSorted(),
  );
  const { bucket, region, endpoint, credentials } = s3;
  const erasing = createErasingStorage({ bucket, region, endpoint, credentials, requestTimeoutMs: 10_000 });
  const never = Array.from({ length: 1500 }, () => taskUuidOf(refOf()));
  await erasing.deleteUploads([taskUuidOf(deleted), ...never]);
  expect(s3.countOf('DeleteObjects')).toBe(2);
  expect((await collect(storage.listUploads())).map(({ taskUUID }) => taskUUID)).toEqual([taskUuidOf(kept)]);
  expect((await storage.readImage(deleted, 'PNG')).kind).toBe('found');
  await erasing.deleteUploads([]);
  expect(s3.countOf('DeleteObjects')).toBe(2);
  erasing.close();
});
