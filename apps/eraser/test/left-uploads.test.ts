import { randomUUID } from 'node:crypto';
import { createGenerationId, taskUuidOf } from '@darkroom/contracts';
import { stagingKey } from '@darkroom/object-storage';
import { eventually } from '@darkroom/testing';
import { expect, test } from 'vitest';
import { setup } from './world.ts';

const buildRef = () => ({ generationId: createGenerationId(Date.now()), index: 0, n: 1 });

test('the eraser deletes the uploads that a worker names, and no other', async () => {
  const world = await setup();
  await world.open();
  const [left, other] = [buildRef(), buildRef()];
  for (const ref of [left, other]) await world.s3.put(stagingKey(ref), 'bytes');
  const missing = taskUuidOf(buildRef());
  expect(await world.reconcile.handOverUploads([taskUuidOf(left), missing])).toEqual([taskUuidOf(left), missing]);
  expect(await world.reconcile.handOverUploads([taskUuidOf(left)]), 'it waits already').toEqual([]);
  const { ask } = await world.startEraser();
  await eventually(async () =>
    expect((await ask('/metrics')).body).toContain('darkroom_deleted_objects_total{folder="staging",process="eraser"} 2'),
  );
  expect((await world.storage.readStaging(left)).kind).toBe('missing');
  expect((await world.storage.readStaging(other)).kind).toBe('found');
  expect((await ask('/metrics')).body).toContain('darkroom_uploads_left{process="eraser"} 0');
  expect((await ask('/readyz')).status).toBe(200);
});

test('no more uploads wait for an eraser than the bound', async () => {
  const world = await setup();
  const three = [buildRef(), buildRef(), buildRef()].map(taskUuidOf);
  expect(await world.reconcile.handOverUploads(three, 2)).toEqual(three.slice(0, 2));
  expect(await world.reconcile.handOverUploads(three, 2)).toEqual([]);
});

test('with a bucket of another Darkroom, or before the store is open, the eraser deletes nothing and says why', async () => {
  const world = await setup();
  const ref = buildRef();
  await world.s3.put(stagingKey(ref), 'bytes');
  await world.reconcile.handOverUploads([taskUuidOf(ref)]);
  const { ask } = await world.startEraser();
  await eventually(async () => expect((await ask('/readyz')).body).toContain('redis holds no epoch'));
  const another = randomUUID();
  await world.open(another);
  await eventually(async () => expect((await ask('/readyz')).body).toContain(`the bucket to the Darkroom ${another}`));
  expect((await ask('/readyz')).status).toBe(503);
  expect((await ask('/livez')).status).toBe(200);
  expect((await world.storage.readStaging(ref)).kind).toBe('found');
});

test('in a bucket of a later format the eraser deletes nothing and says why', async () => {
  const world = await setup();
  await world.open();
  await world.storage.recordFormat(2, 0);
  const ref = buildRef();
  await world.s3.put(stagingKey(ref), 'bytes');
  await world.reconcile.handOverUploads([taskUuidOf(ref)]);
  const { ask } = await world.startEraser();
  await eventually(async () => expect((await ask('/readyz')).body).toContain('the bucket holds a store of format 2'));
  expect((await world.storage.readStaging(ref)).kind).toBe('found');
});
